"""The catalogue of planted faults fits the project as it is; whether each is caught, `make faults` tries."""

import ast
import tomllib

import pytest

from tests.faults import CATALOGUE, CHECKOUT, Fault, catalogue

RULES = [str(number) for number in range(1, 10)]


@pytest.mark.parametrize("fault", catalogue(), ids=lambda fault: fault.name)
class TestAFault:
    def test_has_one_place_to_be_planted(self, fault: Fault) -> None:
        text = (CHECKOUT / fault.file).read_text()

        planted = fault.planted(text)

        assert planted != text
        ast.parse(planted)

    def test_has_a_test_that_exists(self, fault: Fault) -> None:
        file, class_name, method = fault.test.split("::")
        tree = ast.parse((CHECKOUT / file).read_text())

        methods = [
            part.name
            for found in tree.body
            if isinstance(found, ast.ClassDef) and found.name == class_name
            for part in found.body
            if isinstance(part, ast.FunctionDef)
        ]

        assert method.partition("[")[0] in methods


class TestTheCatalogue:
    def test_breaks_every_rule_of_the_protocol(self) -> None:
        broken = {fault.rule.partition(":")[0] for fault in catalogue()}

        assert broken >= set(RULES)

    def test_names_each_fault_once(self) -> None:
        names = [fault["name"] for fault in tomllib.loads(CATALOGUE.read_text())["fault"]]

        assert len(names) == len(set(names)) >= 23
