"""docker-compose.yml: valid, complete, in order, and closed where it can be."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
from django.core.management import get_commands

from tests.deploy import compose
from tests.deploy.compose import Service
from tests.deploy.image import CHECKOUT

MADE = {"SECRET_KEY", "DATABASE_URL", "KAFKA_SASL_PASSWORD", "HEAD_BANK_KEY"}  # by make_secrets.py and open_bank.sh
BANKS = ("head", "bnka", "bnkb")


def known_settings() -> set[str]:
    """Return every variable that .env.example names."""
    return set(re.findall(r"^([A-Z_]+)=", (CHECKOUT / ".env.example").read_text(), flags=re.MULTILINE))


def settings_without_default() -> set[str]:
    """Return the variables that a bank cannot start without."""
    calls = [node for node in ast.walk(ast.parse((CHECKOUT / "banksite/settings.py").read_text())) if isinstance(node, ast.Call)]
    asked = [call for call in calls if ast.unparse(call.func).split(".")[0] in {"env", "_file"}]
    return {
        call.args[0].value
        for call in asked
        if call.args and isinstance(call.args[0], ast.Constant) and not call.keywords and ast.unparse(call.func) != "_file"
        if isinstance(call.args[0].value, str)
    }


def writers(*, of: str) -> set[str]:
    """Return the services that mount a volume."""
    return {service.name for service in compose.services().values() if of in {source for source, _ in service.mounts.values()}}


class TestTheFile:
    def test_is_valid(self) -> None:
        schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())

        jsonschema.validate(json.loads(json.dumps(compose.document())), schema)

    @pytest.mark.parametrize("service", compose.of_ours(), ids=lambda service: service.name)
    def test_sets_no_variable_that_a_bank_does_not_know(self, service: Service) -> None:
        assert service.environment.keys() - known_settings() == set()

    @pytest.mark.parametrize("bank", BANKS)
    def test_leaves_out_no_variable_that_a_bank_needs(self, bank: str) -> None:
        needed = settings_without_default()

        given = compose.services()[f"{bank}-web"].environment.keys() | MADE

        assert needed >= {"SECRET_KEY", "BANK_CODE", "BANK_NAME"}
        assert needed - given == set()

    @pytest.mark.parametrize("bank", BANKS)
    def test_gives_all_processes_of_a_bank_the_same_environment(self, bank: str) -> None:
        given = [service.environment for service in compose.of_ours() if service.name.startswith(bank)]

        assert all(environment == given[0] for environment in given)

    def test_holds_no_secret(self) -> None:
        said = {name for service in compose.services().values() for name in service.environment}

        assert said & MADE == set()
        assert {name for name in said if "PASSWORD" in name} == {"POSTGRES_PASSWORD_FILE", "GF_SECURITY_ADMIN_PASSWORD__FILE"}

    def test_runs_only_commands_that_exist(self) -> None:
        said = " ".join(" ".join(service.command) for service in compose.of_ours())
        said += (CHECKOUT / "deploy/compose/open_bank.sh").read_text()

        commands = set(re.findall(r"manage\.py ([a-z_]+)", said))

        assert {"relay_outbox", "consume_transfers", "housekeep", "migrate"} <= commands
        assert commands - get_commands().keys() == set()

    def test_names_only_files_that_exist(self) -> None:
        sources = {source for service in compose.services().values() for source, _ in service.mounts.values()}

        assert [source for source in sources if source.startswith(".") and not (CHECKOUT / source).exists()] == []
        assert {source for source in sources if not source.startswith(".")} == compose.document()["volumes"].keys()


class TestTheOrder:
    def test_waits_for_what_ends_to_have_ended_well_and_for_the_rest_to_be_well(self) -> None:
        services = compose.services()
        wanted = {True: "service_completed_successfully", False: "service_healthy"}
        waits = [(condition, services[name]) for service in services.values() for name, condition in service.after.items()]

        assert waits
        assert [other.name for condition, other in waits if condition != wanted[other.ends]] == []
        assert [other.name for condition, other in waits if condition == "service_healthy" and not other.health_check] == []

    @pytest.mark.parametrize("bank", BANKS)
    def test_opens_a_bank_before_anything_of_it_works(self, bank: str) -> None:
        workers = [service for service in compose.of_ours() if service.name.startswith(bank) and not service.ends]

        assert {service.name for service in workers} >= {f"{bank}-web", f"{bank}-relay", f"{bank}-housekeep"}
        assert [service.name for service in workers if f"{bank}-open" not in service.after] == []


class TestTheDoors:
    def test_are_those_that_were_promised_and_this_machines_own(self) -> None:
        ports = {name: service.said["ports"] for name, service in compose.services().items() if "ports" in service.said}

        assert ports == {
            "nginx": [f"127.0.0.1:{port}:{port}" for port in (3001, 3002, 8000, 8001, 8002)],
            "prometheus": ["127.0.0.1:9090:9090"],
            "grafana": ["127.0.0.1:3000:3000"],
        }

    @pytest.mark.parametrize("service", compose.of_ours(), ids=lambda service: service.name)
    def test_are_narrow_for_our_processes(self, service: Service) -> None:
        assert service.said["read_only"] is True
        assert service.said["cap_drop"] == ["ALL"]
        assert service.said["security_opt"] == ["no-new-privileges:true"]
        assert not {"user", "privileged", "cap_add"} & service.said.keys()

    @pytest.mark.parametrize("bank", BANKS)
    def test_keep_each_key_with_those_who_use_it(self, bank: str) -> None:
        register = {"head-register"} if bank == "head" else set()

        assert writers(of=f"{bank}-message-key") == {f"{bank}-open", f"{bank}-relay"} | register
        assert writers(of=f"{bank}-token-key") == {f"{bank}-open", f"{bank}-web"}
        assert writers(of=f"{bank}-kafka") == {f"{bank}-secrets", "kafka-admission"}
        assert writers(of=f"{bank}-database-password") == {f"{bank}-secrets", f"{bank}-database"}

    def test_keep_every_bank_out_of_the_others_networks(self) -> None:
        own = {bank: {name for name, said in compose.document()["services"].items() if bank in said.get("networks", ())} for bank in BANKS}

        assert all(name.startswith(bank) for bank, names in own.items() for name in names)


class TestOneProxy:
    def test_is_believed_about_where_a_request_comes_from(self) -> None:
        asked = (
            "import django; django.setup(); from axes.helpers import get_client_ip_address as of; from django.test import RequestFactory;"
            "print(of(RequestFactory().get('/', HTTP_X_FORWARDED_FOR='203.0.113.9', REMOTE_ADDR='172.18.0.5')))"
        )
        bank_a = compose.services()["bnka-web"].environment | {"SECRET_KEY": "unused", "ENV_FILE": os.devnull}

        done = subprocess.run(
            [sys.executable, "-c", asked],
            cwd=CHECKOUT,
            env=os.environ | bank_a | {"DJANGO_SETTINGS_MODULE": "banksite.settings"},
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.stdout.strip() == "203.0.113.9", done.stderr
