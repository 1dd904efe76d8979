"""What customers want: payments between random accounts, the same kind for the product and for the limit."""

import itertools
import os
import random
from dataclasses import dataclass

from accounts.money import Money
from bench.bank import EUR, iban_of
from transfers.orders import Payment

_serial = itertools.count()


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """The accounts that pay (places `first` to `last` of bank `debtors`) and those they pay (of bank `creditors`)."""

    debtors: str
    creditors: str
    first: int
    last: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """One payment, in plain values."""

    debtor: str
    creditor: str
    amount_minor: int
    reference: str
    end_to_end_id: str


def wishes(crowd: Crowd, *, number: int) -> list[Wish]:
    """Return payments between two different accounts each."""
    found = []
    for _ in range(number):
        debtor, creditor = random.sample(range(crowd.first, crowd.last), 2)
        serial = next(_serial)
        found.append(
            Wish(
                debtor=iban_of(debtor, bank=crowd.debtors),
                creditor=iban_of(creditor, bank=crowd.creditors),
                amount_minor=random.randint(1, 1_000),
                reference=f"invoice {serial}",
                end_to_end_id=f"{os.getpid()}-{serial}",
            )
        )
    return found


def payment(wish: Wish) -> Payment:
    """Return a wish as the product is asked for it."""
    return Payment(
        debtor=wish.debtor,
        creditor=wish.creditor,
        creditor_name="Somebody",
        amount=Money(wish.amount_minor, EUR),
        reference=wish.reference,
        end_to_end_id=wish.end_to_end_id,
    )
