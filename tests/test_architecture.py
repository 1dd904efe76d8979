"""The shape of the code: what a reader may rely on without reading all of it."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.contrib import admin

from access.admin import BankAdmin
from access.errors import DomainError

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGES = ("access", "accounts", "banksite", "headbank", "messaging", "transfers", "webhooks", "bench", "tests")
LONGEST_FILE, LONGEST_FUNCTION = 300, 50
LONG_FILES: dict[str, str] = {}  # file: why it may be longer
LONG_FUNCTIONS: dict[str, str] = {}  # file:function: why it may be longer
SLEEPERS = {  # test files that may sleep: why
    "tests/test_architecture.py": "it names what it looks for",
    "tests/soak/chaos.py": "a soak run lets time pass between what it causes",
    "tests/soak/clients.py": "a client waits before it asks again",
    "tests/soak/failures.py": "a failure lasts for a time",
}


@cache
def sources(*packages: str) -> tuple[tuple[str, str], ...]:
    """Return (name, text) of the Python files of packages, migrations aside."""
    files = [
        file for package in packages or PACKAGES for file in sorted((CHECKOUT / package).rglob("*.py")) if "migrations" not in file.parts
    ]
    return tuple((str(file.relative_to(CHECKOUT)), file.read_text()) for file in files)


def product() -> Iterator[tuple[str, str]]:
    return ((name, text) for name, text in sources() if "/tests/" not in name and not name.startswith(("tests/", "bench/")))


def imports_of(text: str) -> set[str]:
    """Return the dotted names a file imports, `from a import b` as a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def importers(module: str, *, among: Iterator[tuple[str, str]]) -> set[str]:
    return {name for name, text in among if any(found == module or found.startswith(module + ".") for found in imports_of(text))}


class TestSize:
    def test_no_file_outgrows_a_reader(self) -> None:
        long = {name: text.count("\n") for name, text in product() if text.count("\n") > LONGEST_FILE and name not in LONG_FILES}

        assert long == {}

    def test_no_function_outgrows_a_screen(self) -> None:
        long = {
            f"{name}:{node.name}"
            for name, text in product()
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
        }

        assert long - LONG_FUNCTIONS.keys() == set()

    def test_commands_are_thin(self) -> None:
        bodies = {
            name: sum(len(ast.unparse(node).splitlines()) for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
            for name, text in product()
            if "/management/commands/" in name
        }

        assert {name: lines for name, lines in bodies.items() if lines > 40} == {}


class TestDoors:
    def test_only_the_ledger_writes_money(self) -> None:
        assert importers("accounts.storage", among=product()) == {"accounts/ledger.py"}

    def test_only_storage_names_the_tables_of_money_in_a_write(self) -> None:
        writes = re.compile(
            r"(Posting|BalanceStripe)\.objects\.(create|bulk_create|update)|model=(Posting|Account|BalanceStripe)\b|update\([^)]*balance_minor"
        )
        found = {
            name for name, text in product() if writes.search(text) and name not in {"accounts/storage.py", "accounts/models/ledger.py"}
        }

        assert found <= {"accounts/services/internal.py"}  # opens stripes at zero

    def test_only_one_module_knows_the_client_of_kafka(self) -> None:
        found = importers("confluent_kafka", among=product())

        assert {name.split("/")[1].removesuffix(".py") for name in found} == {"kafka"}

    def test_no_signal_and_nothing_on_commit_publishes(self) -> None:
        found = {name for name, text in product() if "on_commit(" in text}

        assert found == {"access/meters.py"}  # counts what has happened; a count that is lost with its process harms nobody


class TestMoney:
    def test_knows_no_float(self) -> None:
        found = {
            name
            for name, text in sources("accounts", "transfers")
            for node in ast.walk(ast.parse(text))
            if "/tests/" not in name
            and ((isinstance(node, ast.Name) and node.id == "float") or (isinstance(node, ast.Constant) and isinstance(node.value, float)))
        }

        assert found == set()


class TestLayers:
    def test_every_package_is_in_the_contract(self) -> None:
        contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]
        [across] = [contract for contract in contracts["contracts"] if contract["type"] == "layers" and "containers" not in contract]
        listed = {name.strip() for layer in across["layers"] for name in layer.split("|")}
        there = {file.parent.name for file in CHECKOUT.glob("*/__init__.py")} - {"tests", "bench"}

        assert there == listed == set(contracts["root_packages"])


class TestExceptions:
    def test_every_lint_exception_carries_its_reason(self) -> None:
        bare = re.compile(r"# (noqa|type: ignore)(?!.*  # \S)")
        found = [f"{name}: {line.strip()}" for name, text in product() for line in text.splitlines() if bare.search(line)]

        assert found == []


class TestRefusals:
    def test_have_a_code_of_their_own_and_words(self) -> None:
        leaves = [leaf for leaf in _leaves(DomainError) if "tests" not in leaf.__module__.split(".")]
        codes = [leaf.code for leaf in leaves]

        assert sorted(codes) == sorted(set(codes))
        assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) for code in codes)
        assert all(leaf.title.endswith(".") and leaf.__doc__ for leaf in leaves)


def _leaves(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        if not child.__subclasses__():
            yield child
        yield from _leaves(child)


class TestAdmin:
    @pytest.mark.parametrize("shown", admin.site._registry.values(), ids=lambda shown: shown.model.__name__)
    def test_changes_nothing_by_itself(self, shown: admin.ModelAdmin) -> None:  # type: ignore[type-arg]
        assert isinstance(shown, BankAdmin)


class TestPatience:
    def test_no_test_sleeps_where_it_could_wait_for_a_condition(self) -> None:
        found = {name for name, text in sources() if ("/tests/" in name or name.startswith("tests/")) and "time.sleep" in text}

        assert found - SLEEPERS.keys() == set()
