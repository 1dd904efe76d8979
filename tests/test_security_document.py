"""The security document: every test it names exists."""

import ast
import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)::(\w+)`", (CHECKOUT / "docs/security.md").read_text())


def methods_of(path: str) -> set[tuple[str, str]]:
    """Return class and name of every test of a file."""
    classes = [node for node in ast.parse((CHECKOUT / path).read_text()).body if isinstance(node, ast.ClassDef)]
    return {(each.name, method.name) for each in classes for method in each.body if isinstance(method, ast.FunctionDef)}


class TestTheDocument:
    def test_names_only_tests_that_exist(self) -> None:
        assert len(NAMED) > 30
        assert [f"{path}::{kind}::{name}" for path, kind, name in NAMED if (kind, name) not in methods_of(path)] == []

    def test_shows_every_protection_by_a_test(self) -> None:
        rows = [
            line for line in (CHECKOUT / "docs/security.md").read_text().splitlines() if line.startswith("| ") and "shown by" not in line
        ]

        assert [row for row in rows if "::" not in row] == []
