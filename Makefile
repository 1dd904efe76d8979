# Two commands matter: `make demo` and `make test`. `make help` lists the rest.

PYTHON ?= python3
RUN := .venv/bin/python
MACHINE := $(PYTHON) -m banksite.machine ensure

.PHONY: help environment environment-dev demo demo-kafka fresh test check bench faults soak pictures requirements translations
.DEFAULT_GOAL := help

help:  ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

environment: python  ## make .venv with what a bank needs
	@$(MACHINE) python

environment-dev: python  ## make .venv with what the tests need too
	@$(MACHINE) python-dev

.PHONY: python
python:
	@command -v $(PYTHON) >/dev/null || { echo "Python: there is no $(PYTHON) here. Install Python 3.11 or newer, or name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python: $$($(PYTHON) --version) is too old. Install Python 3.11 or newer, or name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }

demo: environment  ## three banks and their head bank at work, on this machine alone (ARGS=--check: verify and end)
	@$(RUN) -m banksite.demo $(ARGS)

demo-kafka: environment  ## the same banks on PostgreSQL and Apache Kafka, fetched when missing
	@$(RUN) -m banksite.demo --kafka $(ARGS)

fresh: environment  ## forget the demo's databases, keys and broker
	@$(RUN) -m banksite.demo --fresh $(ARGS)

test: environment-dev  ## prove everything, setting up what it needs (ARGS="--only static sqlite": parts of it)
	@$(RUN) -m tests.suite $(ARGS)

check: environment-dev  ## formatting, lint, types, import contracts and migrations only
	@$(RUN) -m tests.suite --only static

bench: environment-dev  ## measure against the limits of this machine
	@$(RUN) -m bench $(ARGS)

faults: environment-dev  ## plant each known fault and demand that a test finds it
	@$(RUN) -m tests.faults $(ARGS)

soak: environment-dev  ## search for faults nobody planted, for as long as told (ARGS="chaos --faults 44")
	@$(RUN) -m tests.soak $(ARGS)

pictures: environment-dev  ## start a demo, work in it, and take a picture of each main page into docs/pictures
	@$(RUN) -m tests.pictures $(ARGS)

translations: environment-dev  ## bring the catalogs of the pages' words up to date, and list what lacks words
	@DJANGO_SETTINGS_MODULE=tests.settings $(RUN) -m tests.translations

COMPILE := .venv/bin/pip-compile -q --allow-unsafe --generate-hashes --strip-extras --no-emit-find-links --no-emit-index-url --no-emit-trusted-host

requirements: environment-dev  ## pin anew what requirements.in and requirements-dev.in ask for
	@$(COMPILE) --output-file=requirements.txt requirements.in
	@$(COMPILE) --output-file=requirements-dev.txt requirements-dev.in
