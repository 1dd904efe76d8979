"""Cookies of a bank behind HTTPS: a neighbour under the same domain can neither set nor read them."""

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
_NAMES = "SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE"


def cookies(*, https: bool) -> str:
    environment = os.environ | {
        "HTTPS": str(https).lower(),
        "BANK_CODE": "BNKA",
        "BANK_NAME": "A",
        "SECRET_KEY": "x",
        "ENV_FILE": os.devnull,
    }
    command = [sys.executable, "-c", f"from banksite import settings as s; print(s.{_NAMES})"]
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


class TestTheCookies:
    def test_are_of_this_host_alone_behind_https(self) -> None:
        assert cookies(https=True) == "__Host-session-bnka __Host-csrf-bnka __Host-language-bnka True True"

    def test_have_no_prefix_that_a_browser_would_refuse_without_it(self) -> None:
        assert cookies(https=False) == "session-bnka csrf-bnka language-bnka False False"
