"""The lines of docs/api.md, run as a reader copies them while the demo is at work."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from banksite.demo.banks import CHECKOUT
from tests.test_demo import demo

pytestmark = pytest.mark.demo
LIMIT_S = 120.0


def lines_of(language: str, *, port: int) -> str:
    """Return the document's code in a language, all of it in order, for a demo at another port."""
    text = (CHECKOUT / "docs/api.md").read_text().replace("localhost:8001", f"localhost:{port}")
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL))


def run(folder: Path, *command: str) -> str:
    """Run what a reader copied; return what was said."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class TestTheDocument:
    def test_leads_from_a_token_to_money_at_the_other_bank(self, tmp_path: Path) -> None:
        with demo(tmp_path) as running:
            running.wait_for("At work")
            bank_a = running.port + 1

            shell = run(tmp_path, "bash", "-e", "-c", lines_of("sh", port=bank_a))
            python = run(tmp_path, sys.executable, "-c", lines_of("python", port=bank_a))

        assert "idempotent-replayed: true" in shell.lower()
        assert '"status":"completed"' in shell
        assert '"accepted":2' in shell
        assert '"is_granted":true' in shell, "the program acts for Maria"
        assert '"code":"transfer-limit-exceeded"' in shell
        assert '"code":"own-approval"' in shell
        assert "%PDF-" in shell
        assert '"type":"webhook.test"' in shell
        assert python.strip() == "completed"
