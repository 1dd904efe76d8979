"""Holding the settlements against the books: a booked window has exactly the postings that its nets say, and nothing else has any."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import Sum

from access.site import this_bank
from accounts import numbers
from accounts.books import Difference
from accounts.models import Account, Posting
from headbank.models import Window, WindowNet

Leg = tuple[UUID, str]  # a window, and the bank and currency of its posting
Booked = tuple[str, str, int]  # debited number, credited number, amount in minor units


def differences() -> Iterator[Difference]:
    """Yield every settlement that is not booked as it was decided, and every window whose nets are not zero together."""
    if not this_bank().is_head_bank:
        return
    sums = WindowNet.objects.values_list("window", "currency").annotate(sum=Sum("net_minor")).exclude(sum=0)
    for window, currency, total in sums.order_by("window", "currency"):
        yield Difference(check="sum of a settlement", subject=f"{window} {currency}", expected="0", found=str(total))
    expected, found = _expected(), _found()
    for leg in sorted(expected.keys() | found.keys()):
        if expected.get(leg) != found.get(leg):
            said = {"expected": _shown(expected.get(leg)), "found": _shown(found.get(leg))}
            yield Difference(check=f"settlement of {leg[1]}", subject=str(leg[0]), **said)


def _expected() -> dict[Leg, Booked]:
    """Return the posting of every net of a booked window."""
    nets = WindowNet.objects.filter(window__status=Window.Status.BOOKED).exclude(net_minor=0)
    return {
        (window, f"{bank}.{currency}"): _booked(bank, currency, net_minor)
        for window, bank, currency, net_minor in nets.values_list("window", "bank", "currency", "net_minor")
    }


def _booked(bank: str, currency: str, net_minor: int) -> Booked:
    """Return how a net is booked: a bank pays from its account into the head bank's own, or gets from there."""
    account, own = numbers.settlement_of(bank, currency), numbers.settlement(currency)
    return (account, own, -net_minor) if net_minor < 0 else (own, account, net_minor)


def _found() -> dict[Leg, Booked]:
    """Return every posting between settlement accounts."""
    settlement = Account.Kind.SETTLEMENT
    rows = Posting.objects.filter(debit_account__kind=settlement, credit_account__kind=settlement)
    fields = ("transfer_id", "leg", "debit_account__number", "credit_account__number", "amount_minor")
    return {(window, leg): (debit, credit, amount) for window, leg, debit, credit, amount in rows.values_list(*fields)}


def _shown(booked: Booked | None) -> str:
    return f"{booked[2]} from {booked[0]} to {booked[1]}" if booked else "none"
