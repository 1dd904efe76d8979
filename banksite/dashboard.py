"""The admin's first page: what goes on and what waits, each number leading to the rows behind it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncHour
from django.http import HttpRequest
from django.utils import timezone

import access.selectors
import accounts.selectors
import messaging.selectors
from access.admin import list_address
from access.admin.showing import a_day_ago, first_id_at, midnight
from access.models import Approval
from access.site import this_bank
from accounts.admin.showing import written
from accounts.models import Account
from banksite.selectors import count_bounded
from headbank.models import Bank, Window
from messaging.models import DeadLetter, Directory, Message
from transfers.models import Transfer
from transfers.selectors import overdue

HOURS = 24
_MOST_BANKS = 6
_MOVED = ("pending", "completed", "credited")
_UNFINISHED = ("collecting", "proposed")  # settlements
_OLD = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One number, and the list it counts; `is_bad` says that somebody should look."""

    label: str
    value: str
    link: str
    detail: str = ""
    is_bad: bool = False


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One hour of a chart: heights are out of 40, `out` hangs below the line."""

    x: int
    top: float
    came: float
    went: float
    hour: str
    came_text: str
    went_text: str


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What came from and went to one bank in the last 24 hours in one currency."""

    bank: str
    currency: str
    came: str
    went: str
    came_link: str
    went_link: str
    bars: list[Bar]


@dataclass(frozen=True, kw_only=True)
class Hour:
    """What moved in an hour, by kind, currency and the other bank."""

    at: datetime
    kind: str
    currency: str
    bank: str
    count: int
    amount_minor: int


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the page's context what the user may see."""
    now = timezone.now()
    may_see_money = not this_bank().is_head_bank and request.user.has_perm("transfers.view_transfer")
    hours = list(_hours(now)) if may_see_money else []
    tiles = [tile for permission, make in _tiles(now, hours) if request.user.has_perm(permission) for tile in make()]
    return context | {"title": "Today", "tiles": tiles, "exchanges": _exchanges(hours, now), "shows_money": may_see_money}


def _hours(now: datetime) -> Iterator[Hour]:
    """Return what moved in the last 24 hours, read as one range of ids: no more rows than a day has, however old the bank."""
    begin = a_day_ago(now)
    rows = Transfer.objects.filter(pk__gte=first_id_at(begin), status__in=_MOVED).annotate(hour=TruncHour("created_at"))
    columns = ("hour", "kind", "currency", "origin_bank", "destination_bank")
    for row in rows.values(*columns).annotate(count=Count("id"), amount=Sum("amount_minor")).order_by(*columns):
        bank = row["origin_bank"] if row["kind"] == "incoming" else row["destination_bank"]
        yield Hour(
            at=row["hour"], kind=row["kind"], currency=row["currency"], bank=bank, count=row["count"], amount_minor=int(row["amount"])
        )


def _tiles(now: datetime, hours: list[Hour]) -> list[tuple[str, Callable[[], list[Tile]]]]:
    """Return the tiles of this site, each with the permission to see it."""
    both: list[tuple[str, Callable[[], list[Tile]]]] = [
        ("access.view_approval", lambda: [_approvals()]),
        ("messaging.view_deadletter", lambda: [_letters()]),
        ("messaging.view_message", lambda: [_unsent(now)]),
    ]
    if this_bank().is_head_bank:
        return [
            ("headbank.view_bank", _banks),
            ("headbank.view_window", lambda: [_settlement()]),
            ("messaging.view_directory", lambda: [_directory()]),
            *both,
        ]
    return [
        ("transfers.view_transfer", lambda: [*_today(now, hours), _pending(), _overdue(now)]),
        *both,
        ("accounts.view_account", _books),
    ]


def _today(now: datetime, hours: list[Hour]) -> list[Tile]:
    since = midnight(now)
    today = [hour for hour in hours if hour.at >= since]
    volumes: dict[str, int] = {}
    for hour in today:
        volumes[hour.currency] = volumes.get(hour.currency, 0) + hour.amount_minor
    main, *others = sorted(volumes, key=lambda currency: (currency != this_bank().currencies[0], currency)) or [this_bank().currencies[0]]
    more = ", ".join(f"{written(volumes[currency], currency)} {currency}" for currency in others)
    link = list_address(Transfer, since="today", status__in=",".join(_MOVED))
    return [
        Tile(label="Transfers today", value=f"{sum(hour.count for hour in today):,}", link=link, detail="not counting the refused"),
        Tile(label="Volume today", value=f"{written(volumes.get(main, 0), main)} {main}", link=link, detail=more),
    ]


def _pending() -> Tile:
    rows = Transfer.objects.filter(status__word=Transfer.Status.PENDING)
    return Tile(label="Pending", value=count_bounded(rows), link=list_address(Transfer, status__exact="pending"), detail="at other banks")


def _overdue(now: datetime) -> Tile:
    value = count_bounded(Transfer.objects.filter(overdue(now=now)))
    return Tile(
        label="Overdue",
        value=value,
        link=list_address(Transfer, overdue="yes"),
        detail="pending for ten minutes or more",
        is_bad=value != "0",
    )


def _approvals() -> Tile:
    value = f"{access.selectors.waiting_count():,}"
    return Tile(label="Approvals waiting", value=value, link=list_address(Approval, status__exact="waiting"), detail="for a second person")


def _letters() -> Tile:
    count = messaging.selectors.open_dead_letters()
    link = list_address(DeadLetter, status__exact="open", signed="yes")
    return Tile(label="Dead letters", value=f"{count:,}", link=link, detail="signed messages that could not count", is_bad=count > 0)


def _unsent(now: datetime) -> Tile:
    oldest = messaging.selectors.oldest_unsent()
    age = max(timedelta(), now - oldest) if oldest else timedelta()
    value = f"{age.total_seconds():.0f} s" if age < timedelta(minutes=2) else f"{age.total_seconds() // 60:.0f} min"
    waiting = count_bounded(Message.objects.filter(finished_at__isnull=True, first_published_at__isnull=True))
    return Tile(
        label="Oldest unsent message",
        value=value if oldest else "none",
        link=list_address(Message, waiting="publication"),
        detail=f"{waiting} in the outbox",
        is_bad=age > _OLD,
    )


def _books() -> list[Tile]:
    off = {currency: total for currency, total in accounts.selectors.sums_of_balances().items() if total}
    value = ", ".join(f"off by {written(total, currency)} {currency}" for currency, total in off.items()) or "balance"
    detail = "all balances of a currency sum to zero; check_books replays every posting"
    return [Tile(label="Books", value=value, link=list_address(Account), detail=detail, is_bad=bool(off))]


def _banks() -> list[Tile]:
    """Return how many banks of the register stand where."""
    counted = dict(Bank.objects.values_list("status").annotate(count=Count("code")).order_by())
    return [
        Tile(label=label, value=f"{counted.get(status, 0):,}", link=list_address(Bank, status__exact=status), detail=detail)
        for status, label, detail in (
            ("active", "Banks active", "send and receive"),
            ("applied", "Applications", "wait for two persons"),
            ("suspended", "Banks suspended", "nothing new to them or from them"),
        )
    ]


def _settlement() -> Tile:
    """Return how far the settlement is, if there is one; one is finished before the next."""
    window = Window.objects.filter(status__in=_UNFINISHED).values_list("status", flat=True).first()
    value, detail = (window or "none", "of what the banks owe each other")
    return Tile(label="Settlement", value=value, link=list_address(Window, **({"status__exact": window} if window else {})), detail=detail)


def _directory() -> Tile:
    version = messaging.selectors.directory_version()
    return Tile(label="Directory", value=f"version {version}", link=list_address(Directory), detail="what every bank is told")


def _exchanges(hours: list[Hour], now: datetime) -> list[Exchange]:
    """Return the banks most money was exchanged with, most first."""
    flows: dict[tuple[str, str], dict[datetime, list[int]]] = {}
    for hour in hours:
        if hour.kind in {"incoming", "outgoing"}:
            cell = flows.setdefault((hour.bank, hour.currency), {}).setdefault(hour.at, [0, 0])
            cell[hour.kind == "outgoing"] += hour.amount_minor
    totals = {key: sum(sum(cell) for cell in cells.values()) for key, cells in flows.items()}
    most = sorted(flows, key=lambda key: (-totals[key], key))[:_MOST_BANKS]
    return [_exchange(*key, flows[key], a_day_ago(now)) for key in most]


def _exchange(bank: str, currency: str, cells: Mapping[datetime, list[int]], begin: datetime) -> Exchange:
    def only(kind: str) -> dict[str, str]:
        return {"kind__exact": kind, "status__in": ",".join(_MOVED)}

    highest = max(max(cell) for cell in cells.values())
    each = [(begin + timedelta(hours=place), *cells.get(begin + timedelta(hours=place), (0, 0))) for place in range(HOURS)]
    return Exchange(
        bank=bank,
        currency=currency,
        came=written(sum(cell[0] for cell in cells.values()), currency),
        went=written(sum(cell[1] for cell in cells.values()), currency),
        came_link=list_address(Transfer, since="day", currency=currency, origin_bank=bank, **only("incoming")),
        went_link=list_address(Transfer, since="day", currency=currency, destination_bank=bank, **only("outgoing")),
        bars=[
            Bar(
                x=place * 12,
                top=42 - round(came * 40 / highest, 1),
                came=round(came * 40 / highest, 1),
                went=round(went * 40 / highest, 1),
                hour=f"{at:%H}:00",
                came_text=written(came, currency),
                went_text=written(went, currency),
            )
            for place, (at, came, went) in enumerate(each)
        ],
    )
