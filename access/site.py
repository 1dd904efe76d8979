"""This bank's identity, the one place that reads it from the settings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, kw_only=True)
class Site:
    """One bank as it is configured: limits and fees in minor units per currency, durations in seconds."""

    role: str
    code: str
    name: str
    country: str
    currencies: tuple[str, ...]
    approval_limits: Mapping[str, int] = field(default_factory=dict)
    outgoing_fees: Mapping[str, int] = field(default_factory=dict)
    transfer_valid_s: int = 86_400
    approval_valid_s: int = 86_400
    resend_first_s: float = 2.0
    resend_max_s: float = 60.0
    settlement_every_s: int = 0
    settlement_wait_s: int = 3_600
    letter_box_partitions: int = 4
    key_overlap_s: int = 3_600
    head_bank_code: str = "HEAD"
    head_bank_key: str = ""
    head_bank_url: str = ""
    message_key_file: Path | None = None
    token_key_file: Path | None = None

    @property
    def is_head_bank(self) -> bool:
        """Return whether this instance keeps the register of banks."""
        return self.role == "headbank"


_acting: ContextVar[Site | None] = ContextVar("acting", default=None)


def this_bank() -> Site:
    """Return the identity this code acts under: the one of `acting_as`, else the configured one."""
    return _acting.get() or Site(**settings.SITE)


@contextmanager
def acting_as(site: Site) -> Iterator[Site]:
    """Act as another bank within the block, so that one process can be several banks in turn."""
    token = _acting.set(site)
    try:
        yield site
    finally:
        _acting.reset(token)
