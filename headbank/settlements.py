"""The report of a settlement: what each bank pays or gets, pair by pair, and who was left out and why."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from accounts.money import format_minor
from headbank.errors import WindowUnknown
from headbank.models import Window, WindowNet, WindowPair

HEADER = ("kind", "currency", "bank", "other_bank", "amount", "note")


@dataclass(frozen=True, kw_only=True)
class WindowRow:
    """A settlement window in a list."""

    id: UUID
    status: str
    cut_off_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class NetRow:
    """What a bank gets (positive) or pays in a currency; how much it lacked where it was left out; whether it has booked its notice."""

    bank: str
    currency: str
    net_minor: int
    lacking_minor: int
    is_confirmed: bool

    @property
    def amount(self) -> str:
        """Return the net as it is written."""
        return format_minor(self.net_minor, self.currency)

    @property
    def note(self) -> str:
        """Say what there is to know."""
        if self.lacking_minor:
            return f"left out: it lacks {format_minor(self.lacking_minor, self.currency)}"
        return "booked by the bank" if self.is_confirmed else ""


@dataclass(frozen=True, kw_only=True)
class PairRow:
    """What `one` owes `other`, or why they were left out; None where they do not agree on it."""

    one: str
    other: str
    currency: str
    amount_minor: int | None
    flaw: str

    @property
    def amount(self) -> str:
        """Return the amount as it is written."""
        return "" if self.amount_minor is None else format_minor(self.amount_minor, self.currency)


@dataclass(frozen=True, kw_only=True)
class Report:
    """All there is to know of a window; `silent` are the banks that did not report, `sums` add the nets up by currency: to zero."""

    window: WindowRow
    nets: Sequence[NetRow]
    pairs: Sequence[PairRow]
    silent: Sequence[str]
    sums: dict[str, int]


def windows(*, limit: int = 50) -> list[WindowRow]:
    """Return the newest settlement windows."""
    return [_row(window) for window in Window.objects.order_by("-id")[:limit]]


def report(*, window: UUID) -> Report:
    """Return the report of a window; raises WindowUnknown."""
    found = Window.objects.filter(id=window).first()
    if found is None:
        raise WindowUnknown(window=str(window))
    confirmed = set(found.notices.filter(confirmed_at__isnull=False).values_list("bank", flat=True))
    nets = [_net(net, is_confirmed=net.bank_id in confirmed) for net in found.nets.order_by("currency", "bank")]
    return Report(
        window=_row(found),
        nets=nets,
        pairs=[_pair(pair) for pair in found.pairs.order_by("currency", "one", "other")],
        silent=list(found.reports.filter(reported_at__isnull=True).order_by("bank").values_list("bank", flat=True)),
        sums=_sums(nets),
    )


def approval_of(*, window: UUID) -> UUID:
    """Return the question whether a window is to be booked; raises WindowUnknown, also for one of which nobody was asked that yet."""
    approval = Window.objects.filter(id=window).values_list("approval", flat=True).first()
    if approval is None:
        raise WindowUnknown(window=str(window))
    return approval


def as_document(shown: Report) -> dict[str, Any]:
    """Return a report as plain JSON values."""
    document: dict[str, Any] = msgspec.to_builtins(asdict(shown))
    return document


def as_csv(shown: Report) -> str:
    """Return a report as CSV, a line for each net and each pair."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *_lines(shown)])
    return text.getvalue()


def _sums(nets: Sequence[NetRow]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for net in nets:
        sums[net.currency] += net.net_minor
    return dict(sums)


def _lines(shown: Report) -> Iterator[tuple[str, ...]]:
    for net in shown.nets:
        yield "net", net.currency, net.bank, "", net.amount, net.note
    for pair in shown.pairs:
        yield "pair", pair.currency, pair.one, pair.other, pair.amount, pair.flaw
    for bank in shown.silent:
        yield "silent", "", bank, "", "", "did not report"


def _row(window: Window) -> WindowRow:
    return WindowRow(id=window.id, status=window.status, cut_off_at=window.cut_off_at, ended_at=window.ended_at)


def _net(net: WindowNet, *, is_confirmed: bool) -> NetRow:
    return NetRow(
        bank=net.bank_id, currency=net.currency, net_minor=net.net_minor, lacking_minor=net.lacking_minor, is_confirmed=is_confirmed
    )


def _pair(pair: WindowPair) -> PairRow:
    return PairRow(one=pair.one_id, other=pair.other_id, currency=pair.currency, amount_minor=pair.amount_minor, flaw=pair.flaw)
