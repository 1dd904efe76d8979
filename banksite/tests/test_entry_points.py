"""The processes of a bank refuse to start where a promise would be lost, with one error that says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "SECRET_KEY": "x" * 50,
    "BANK_CODE": "BNKA",
    "BANK_NAME": "Bank A",
    "ENV_FILE": os.devnull,
    "DJANGO_SETTINGS_MODULE": "banksite.settings",
}


def start(*words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start a process of a bank that has nothing but its name; return how it ended."""
    given = os.environ | ENVIRONMENT | {"DATABASE_URL": f"sqlite:///{folder / 'bank.sqlite3'}"} | environment
    return subprocess.run([sys.executable, *words], cwd=CHECKOUT, env=given, capture_output=True, text=True, timeout=60, check=False)


class TestStart:
    @pytest.mark.parametrize(
        ("words", "missing"),
        [
            (("-c", "import banksite.wsgi"), "TOKEN_KEY_FILE is not set"),
            (("manage.py", "relay_outbox"), "MESSAGE_KEY_FILE is not set"),
            (("manage.py", "consume_transfers"), "head bank's key is missing"),
        ],
        ids=["web", "relay", "consumer"],
    )
    def test_needs_its_key(self, tmp_path: Path, words: tuple[str, ...], missing: str) -> None:
        ended = start(*words, folder=tmp_path)

        assert ended.returncode != 0
        assert missing in ended.stderr

    @pytest.mark.parametrize("words", [("-c", "import banksite.wsgi"), ("manage.py", "consume_transfers"), ("manage.py", "migrate")])
    def test_needs_assertions(self, tmp_path: Path, words: tuple[str, ...]) -> None:
        ended = start("-O", *words, folder=tmp_path)

        assert ended.returncode != 0
        assert "Python runs with -O" in ended.stderr

    def test_of_commands_that_prepare_a_bank_needs_no_key(self, tmp_path: Path) -> None:
        ended = start("manage.py", "check", folder=tmp_path)

        assert ended.returncode == 0, ended.stderr

    def test_names_a_variable_that_is_wrong(self, tmp_path: Path) -> None:
        ended = start("manage.py", "check", folder=tmp_path, SITE_ROLE="clearing-house")

        assert ended.returncode != 0
        assert "SITE_ROLE" in ended.stderr
