"""The documents: what they point at exists, and what they list is complete."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)")


class TestTheDocuments:
    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
    def test_link_only_to_what_exists(self, document: Path) -> None:
        links = LINK.findall(document.read_text())

        assert [link for link in links if not (document.parent / link).exists()] == []

    def test_list_every_decision(self) -> None:
        decisions = {path.name for path in CHECKOUT.glob("docs/decisions/[0-9]*.md")}

        assert set(LINK.findall((CHECKOUT / "docs/decisions/README.md").read_text())) == decisions

    def test_name_every_command_a_user_may_run(self) -> None:
        commands = {path.stem for path in CHECKOUT.glob("*/management/commands/*.py") if path.stem != "__init__"}
        readme = (CHECKOUT / "README.md").read_text()

        assert {command for command in commands if command not in readme} == set()

    def test_fetch_no_part_of_a_picture_from_elsewhere(self) -> None:
        drawn = (CHECKOUT / "docs/demo.svg").read_text()

        assert not re.findall(r"url\(|@import|href=\"http", drawn.replace("url(#", ""))
