"""What goes on in the bank, as the first page and `status` show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, models
from django.utils import timezone

import headbank.selectors
import messaging.selectors
import transfers.selectors
import webhooks.selectors
from access import triggers
from access.currencies import format_minor
from access.models import User
from access.site import this_bank
from accounts.models import Account, Customer
from headbank.models import Bank, BankKey
from headbank.selectors import BankRow
from messaging.models import Message, OwnKey, PeerKey
from messaging.worker_state import failing_workers
from transfers import stream
from transfers.models import Transfer
from transfers.selectors import first_id_from

_COUNT_AT_MOST = 10_000  # no page counts a whole journal
_BANKS_SHOWN = 100
_CAP_ALARM_PERCENT = 80
_LOOK_AT = 2_000
_UNSENT_AFTER = timedelta(seconds=60)
_CLOCK_AT_MOST = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number that shows life; `text` says "10,000+" where counting on would cost."""

    label: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One thing that is well or not; `code` is stable, `detail` says what to know or do."""

    code: str
    is_red: bool
    detail: str


@dataclass(frozen=True, kw_only=True)
class State:
    """A bank at a moment."""

    figures: list[Figure]
    signs: list[Sign]

    @property
    def is_red(self) -> bool:
        """Return whether somebody must act."""
        return any(sign.is_red for sign in self.signs)


@dataclass(frozen=True, kw_only=True)
class TransferLine:
    """One of the latest transfers, ready to be shown."""

    id: UUID
    at: datetime
    kind: str
    status: str
    debtor: str
    creditor: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class Register:
    """The banks of the register, and the newest directory that tells of them."""

    banks: list[BankRow]
    version: int
    announced_at: datetime | None


def state(*, now: datetime) -> State:
    """Return what the bank looks like from its own database; it asks no broker and counts no history."""
    return State(figures=list(_figures(now)), signs=signs(now=now))


def signs(*, now: datetime) -> list[Sign]:
    """Return what is well and what is not, from the database alone."""
    return list(_signs(now))


def latest_transfers(*, asked_by: User | None = None, since: datetime | None = None, limit: int = 8) -> list[TransferLine]:
    """Return the newest transfers, by their ids, which rise with time; those of one person are looked for among the bank's latest 2,000."""
    rows = Transfer.objects.filter(id__gte=first_id_from(since)) if since else Transfer.objects.all()
    if asked_by is not None:
        rows = Transfer.objects.filter(id__in=rows.order_by("-id").values("id")[:_LOOK_AT], asked_by=asked_by)
    return [
        TransferLine(
            id=row.id,
            at=row.created_at,
            kind=row.kind,
            status=row.status,
            debtor=row.debtor_number,
            creditor=row.creditor_number,
            amount_minor=row.amount_minor,
            currency=row.currency,
        )
        for row in rows.order_by("-id")[:limit]
    ]


def register() -> Register:
    """Return the first banks of the register and the directory's version as the head bank's first page shows them."""
    banks = headbank.selectors.find_banks(limit=_BANKS_SHOWN)
    version, announced_at = messaging.selectors.directory_version(), messaging.selectors.directory_taken_at()
    return Register(banks=banks, version=version, announced_at=announced_at)


def _figures(now: datetime) -> Iterator[Figure]:
    """Return the numbers that show life, by the site's role."""
    if this_bank().is_head_bank:
        yield Figure(label="Banks registered", text=count_bounded(Bank.objects.all()))
        yield Figure(label="Keys in force", text=count_bounded(BankKey.objects.filter(revoked_at__isnull=True)))
    else:
        yield Figure(label="Customers", text=count_bounded(Customer.objects.filter(closed_at__isnull=True)))
        yield Figure(
            label="Accounts", text=count_bounded(Account.objects.filter(customer__isnull=False).exclude(status=Account.Status.CLOSED))
        )
        yield Figure(label="Transfers today", text=count_bounded(Transfer.objects.filter(id__gte=_first_id_of_day(now))))
        yield Figure(label="On their way", text=count_bounded(Transfer.objects.filter(status__word=Transfer.Status.PENDING)))
        yield Figure(label="Waiting for approval", text=count_bounded(Transfer.objects.filter(status=Transfer.Status.AWAITING_APPROVAL)))
        yield Figure(label="Messages unanswered", text=count_bounded(Message.objects.filter(finished_at__isnull=True)))
    yield Figure(label="Directory version", text=str(messaging.selectors.directory_version()))


def _signs(now: datetime) -> Iterator[Sign]:
    """Return what is well and what is not, from the database alone."""
    gone = triggers.missing(connection, triggers.registered())
    yield Sign(code="triggers", is_red=bool(gone), detail=f"missing: {', '.join(gone)}; migrate" if gone else "all in place")
    in_recovery = messaging.selectors.in_recovery()
    yield Sign(code="recovery", is_red=in_recovery, detail="in recovery; compare, then end_recovery" if in_recovery else "not needed")
    letters, unsigned = messaging.selectors.open_dead_letters(), messaging.selectors.open_dead_letters(signed=False)
    said = f"{letters} wait for a person" if letters else "none that a bank signed"
    yield Sign(code="dead-letters", is_red=letters > 0, detail=f"{said}; {unsigned} unsigned" if unsigned else said)
    age_s = _age_s(messaging.selectors.oldest_unsent(), now)
    yield Sign(code="outbox", is_red=age_s > _UNSENT_AFTER.total_seconds(), detail=f"oldest unsent {age_s:.0f} s" if age_s else "all sent")
    has_relay = messaging.selectors.relay_is_active(now=now)
    yield Sign(code="relay", is_red=not has_relay, detail="publishing" if has_relay else "no relay holds the lease; start relay_outbox")
    failing = failing_workers(now=now)
    said = "; ".join(f"{worker} failed {worker.failures} times in a row: {worker.error}" for worker in failing)
    yield Sign(code="workers", is_red=bool(failing), detail=said or "relay and consumer succeed")
    is_behind = stream.needs_restart()
    said = "the database is another one or went back; housekeep or restart_event_stream continues the stream" if is_behind else "in order"
    yield Sign(code="stream", is_red=is_behind, detail=said)
    if webhooks.selectors.is_any_active():
        delivers = webhooks.selectors.deliverer_is_active(now=now)
        yield Sign(code="webhooks", is_red=not delivers, detail="delivered" if delivers else "nobody delivers; start deliver_webhooks")
    yield _sign_of_key()
    yield from _signs_of_caps()
    version = messaging.selectors.directory_version()
    yield Sign(code="directory", is_red=version == 0, detail=f"version {version}" if version else "no directory of banks yet")


def _signs_of_caps() -> Iterator[Sign]:
    """Return for each cap how much of it this bank owes; red before payments are refused, because settling takes a while."""
    own = messaging.selectors.peer(code=this_bank().code)
    for cap in transfers.selectors.debit_caps(bank=own).values():
        is_red = cap.owed_minor * 100 >= cap.cap_minor * _CAP_ALARM_PERCENT
        owed, most = (format_minor(minor, cap.currency) for minor in (cap.owed_minor, cap.cap_minor))
        said = f"owes {owed} of at most {most} {cap.currency}"
        yield Sign(code=f"debit-cap-{cap.currency}", is_red=is_red, detail=f"{said}; settle" if is_red else said)


def _sign_of_key() -> Sign:
    """Return whether this bank can sign messages that others believe."""
    current = set(OwnKey.objects.filter(use="messages", retired_at__isnull=True).values_list("key_id", flat=True))
    if not current:
        return Sign(code="key", is_red=True, detail="no key for messages; open_bank")
    if PeerKey.objects.filter(key_id__in=current, revoked=True).exists():
        return Sign(code="key", is_red=True, detail="the head bank revoked it: nobody believes this bank; make another and have it added")
    return Sign(code="key", is_red=False, detail="messages can be signed")


def sign_of_clock(*, ahead: timedelta) -> Sign:
    """Return whether this machine's clock agrees with the database's, by which deadlines are judged."""
    seconds = ahead.total_seconds()
    is_red = abs(seconds) > _CLOCK_AT_MOST.total_seconds()
    said = f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} the database's; set it (NTP)" if is_red else "as the database's"
    return Sign(code="clock", is_red=is_red, detail=said)


def count_bounded(rows: "models.QuerySet[models.Model]") -> str:
    """Return the number of rows as text, counting no further than the limit."""
    counted = rows.order_by()[: _COUNT_AT_MOST + 1].count()
    return f"{_COUNT_AT_MOST:,}+" if counted > _COUNT_AT_MOST else f"{counted:,}"


def _age_s(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _first_id_of_day(now: datetime) -> UUID:
    """Return what every id given today is at least."""
    return first_id_from(timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0))
