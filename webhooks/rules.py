"""Where webhooks may lead, and what an answer means: functions of plain values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from access.errors import DomainError
from messaging.rules import resend_after_s
from webhooks.errors import WebhookAddressRefused, WebhookUrlInvalid

ALL_IN_FLIGHT = 8  # deliveries to one endpoint at the same time; one that fails is tried with a single one
MAX_URL = 500
GONE = 410

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
_PORTS = {"https": 443, "http": 80}
_UNICAST = IPv6Network("2000::/3")  # RFC 4291 section 2.4: nothing else of IPv6 is on the public internet
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))  # 6to4 and Teredo hold an IPv4 address that nobody has looked at
_INSIDE = (IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32"))  # where two clouds answer for themselves; they look public


@dataclass(frozen=True, kw_only=True)
class Target:
    """A URL taken apart once, so that what is looked up, judged and connected to is the same."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What this bank allows beside https to the public internet."""

    allow_http: bool
    allow_private: bool


def target_of(url: str) -> Target:
    """Take a URL apart; raises WebhookUrlInvalid for any that programs could read differently."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url or len(url) > MAX_URL:
        raise WebhookUrlInvalid(why=f"has to be plain ASCII without spaces, of at most {MAX_URL} characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WebhookUrlInvalid(why="is no URL") from error
    if parts.scheme not in _PORTS:
        raise WebhookUrlInvalid(why="has to begin with https://")
    if "@" in parts.netloc or "#" in url:
        raise WebhookUrlInvalid(why="must name no user and no fragment")
    host = parts.hostname or ""
    if not (_is_address(host) or _HOST.fullmatch(host)) or port == 0:
        raise WebhookUrlInvalid(why="names no host that could be asked")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port or _PORTS[parts.scheme], path=path)


def refusal_of(*, target: Target, addresses: Sequence[str], policy: Policy) -> DomainError | None:
    """Return why nothing may be delivered there, None where it may; `addresses` are what its host was found to be."""
    if target.scheme != "https" and not policy.allow_http:
        return WebhookUrlInvalid(why="has to begin with https://")
    if not addresses:
        return WebhookUrlInvalid(why=f"names a host that is not found: {target.host}")
    private = next((address for address in addresses if not is_public(address)), None)
    return None if private is None or policy.allow_private else WebhookAddressRefused(address=private)


def is_public(address: str) -> bool:
    """Return whether an address is on the public internet, where it can do no harm to the bank's own network."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        return found in _UNICAST and found.is_global and not any(found in tunnel for tunnel in _TUNNELS)
    return found.is_global and not found.is_multicast and not any(found in network for network in _INSIDE)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an endpoint said to one delivery; a status of None is no answer, and `text` says why."""

    status: int | None
    text: str

    @property
    def is_taken(self) -> bool:
        """Return whether the receiver has it (Standard Webhooks: any 2xx)."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long is waited before the next try, doubling from the first to the longest, and after how long it is given up."""

    first_s: float
    longest_s: float
    give_up: timedelta


@dataclass(kw_only=True)
class Health:
    """How an endpoint does: failures in a row since when, and when it is asked next."""

    failures: int
    failing_since: datetime | None
    next_at: datetime
    disabled_why: str = ""

    def note(self, answer: Answer, *, now: datetime, patience: Patience, chance: float) -> None:
        """Learn from an answer; failures that were under way when a pause began count for nothing more."""
        if answer.is_taken:
            self.failures, self.failing_since, self.next_at = 0, None, now
        elif now >= self.next_at:
            self.failures += 1
            self.failing_since = self.failing_since or now
            self.next_at = now + pause(after=self.failures, patience=patience, chance=chance)
            if answer.status == GONE:
                self.disabled_why = "it answered 410, gone"
            elif now - self.failing_since >= patience.give_up:
                self.disabled_why = f"nothing was taken for {patience.give_up}"


def pause(*, after: int, patience: Patience, chance: float) -> timedelta:
    """Return how long to wait after so many failures; `chance` (0 to 1) spreads it."""
    wait_s = resend_after_s(attempts=after, first_s=patience.first_s, longest_s=patience.longest_s, chance=chance)
    return timedelta(seconds=wait_s)


def room_at(*, failures: int, under_way: int) -> int:
    """Return how many more deliveries an endpoint may get now."""
    return max(0, (1 if failures else ALL_IN_FLIGHT) - under_way)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host
