"""The banks of the demo: who they are, what each keeps, and the environment its processes get."""

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from banksite.machine.ports import LOOPBACK

CHECKOUT = Path(__file__).resolve().parents[2]
PARTITIONS = 4  # what librdkafka's mock gives every topic
CURRENCIES = ("EUR", "USD")
APPROVAL_LIMIT_MINOR = 1_000_000  # above it a payment waits for a second person


@dataclass(frozen=True, kw_only=True)
class DemoBank:
    """One bank of the demo; `folder` keeps its database (on SQLite), its keys and its payments files."""

    code: str
    name: str
    role: str
    port: int
    folder: Path

    @property
    def is_head_bank(self) -> bool:
        """Return whether this one keeps the register instead of customers."""
        return self.role == "headbank"

    @property
    def url(self) -> str:
        """Return where its pages are."""
        return f"http://localhost:{self.port}"

    @property
    def message_key(self) -> Path:
        """Return the file of the key it signs with; the public half lies beside it."""
        return self.folder / "message.key"

    @property
    def public_key(self) -> Path:
        """Return the file of its public key."""
        return self.message_key.with_name(self.message_key.name + ".pub")


def banks_of(*, folder: Path, first_port: int) -> tuple[DemoBank, DemoBank, DemoBank, DemoBank]:
    """Return the head bank, bank A, bank B, and bank C that joins them later."""
    said = (("HEAD", "Head Bank", "headbank"), ("BNKA", "Bank A", "bank"), ("BNKB", "Bank B", "bank"), ("BNKC", "Bank C", "bank"))
    head, bank_a, bank_b, bank_c = (
        DemoBank(code=code, name=name, role=role, port=first_port + number, folder=folder / code.lower())
        for number, (code, name, role) in enumerate(said)
    )
    return head, bank_a, bank_b, bank_c


def environment_of(bank: DemoBank, *, head_bank: DemoBank, database_url: str, broker: Mapping[str, str]) -> dict[str, str]:
    """Return what a process of this bank is configured with: of the other banks nothing but the head bank's public key."""
    head_bank_key = head_bank.public_key.read_text().strip() if head_bank.public_key.exists() else ""
    return {
        "ENV_FILE": os.devnull,  # a .env of the checkout belongs to another bank
        "PYTHONUNBUFFERED": "1",
        "SITE_ROLE": bank.role,
        "BANK_CODE": bank.code,
        "BANK_NAME": bank.name,
        "BANK_COUNTRY": "NL",
        "CURRENCIES": ",".join(CURRENCIES),
        "APPROVAL_LIMITS": ",".join(f"{currency}:{APPROVAL_LIMIT_MINOR}" for currency in CURRENCIES),
        "OUTGOING_FEES": "EUR:10",
        "DATABASE_URL": database_url,
        "SECRET_KEY": _secret(bank.folder / "secret.key"),
        "DEBUG": "off",
        "LOG_JSON": "off",
        "ALLOWED_HOSTS": f"localhost,{LOOPBACK}",
        "HEAD_BANK_CODE": head_bank.code,
        "HEAD_BANK_KEY": head_bank_key,
        "HEAD_BANK_URL": head_bank.url,
        "MESSAGE_KEY_FILE": str(bank.message_key),
        "TOKEN_KEY_FILE": str(bank.folder / "token.key"),
        "LETTER_BOX_PARTITIONS": str(PARTITIONS),
        "WEBHOOKS_ALLOW_HTTP": "on",
        "WEBHOOKS_ALLOW_PRIVATE": "on",
        **broker,
    }


def write_env_file(bank: DemoBank, environment: Mapping[str, str]) -> None:
    """Write the bank's environment as a file, so that a person can run its commands: `ENV_FILE=... manage.py ...`."""
    lines = [f'{name}="{value}"\n' for name, value in sorted(environment.items()) if name != "ENV_FILE"]
    file = bank.folder / "bank.env"
    file.touch(mode=0o600)
    file.write_text("".join(lines))


def manage(*arguments: str) -> list[str | Path]:
    """Return the command line of one of the project's commands, without Django's checks of every page: they take longer than most do."""
    return [sys.executable, CHECKOUT / "manage.py", *arguments, "--skip-checks"]


def _secret(file: Path) -> str:
    """Return the secret kept in a file that only its owner reads, made at the first time."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text()
