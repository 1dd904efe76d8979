"""The people of these tests, their accounts, and short ways to say what happens to them."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from django.db import transaction
from uuid_utils.compat import uuid7

from access.errors import DomainError
from access.models import User
from accounts import iban, ledger, selectors, services
from accounts.models import Account, Customer, TillSession
from accounts.money import Money

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANNA, BRAM, CARLA, DIRK = (iban.make("NL", "BNKA", 1000 + serial) for serial in range(4))
NOBODY = iban.make("NL", "BNKA", 9999)
CASH, FEES, SUSPENSE, CLEARING, TILL = "CASH.EUR", "FEES.EUR", "SUSPENSE.EUR", "CLEARING.BNKB.EUR", "TILL.TESS.EUR"


def euros(amount: str) -> Money:
    return Money.parse(amount, "EUR")


def furnish(**holdings: str) -> None:
    """Open the bank's own accounts and one for Anna, Bram, Carla and Dirk, with what they hold to begin with."""
    services.open_internal_accounts(numbers=[CASH, FEES, SUSPENSE, CLEARING, TILL, "CASH.USD"], now=NOON)
    till, tess = Account.objects.get(number=TILL), User.objects.create_user("tess")
    TillSession.objects.create(account=till, teller=tess, float_minor=0, opened_at=NOON, opened_seq=0)
    for number, name in ((ANNA, "Anna"), (BRAM, "Bram"), (CARLA, "Carla"), (DIRK, "Dirk")):
        open_plainly(number, name=name)
        if name.lower() in holdings:
            assert post(move(CASH, number, holdings[name.lower()])) == [ledger.Posted()]


def open_plainly(number: str, *, name: str, currency: str = "EUR", floor: int = 0) -> None:
    """Open a customer's account without the services' ceremony."""
    customer = Customer.objects.create(name=name, phone=number[-10:], opened_at=NOON)
    Account.objects.create(
        number=number, kind="checking", currency=currency, customer=customer, holder_name=name, floor_minor=floor, opened_at=NOON
    )


def open_anna(by: User, **more: str) -> services.OpenedCustomer:
    """Open Anna as a customer, with all that comes with it."""
    return services.open_customer(**{"name": "Anna", "phone": "+31 6 1234 5678"} | more, by=by, now=NOON)


def move(debit: str, credit: str, amount: str, **more: object) -> ledger.Move:
    """Return a step that moves euros under a new transfer."""
    return ledger.Move(**{"transfer_id": uuid7(), "leg": "book", "debit": debit, "credit": credit, "amount": euros(amount)} | more)  # type: ignore[arg-type]


def hold(account: str, amount: str, **more: object) -> ledger.Hold:
    """Return a step that sets euros aside under a new id."""
    return ledger.Hold(**{"hold_id": uuid7(), "account": account, "amount": euros(amount)} | more)  # type: ignore[arg-type]


def post(*steps: ledger.Step, at: datetime = NOON) -> list[ledger.Posted | DomainError]:
    """Post the steps in a transaction of their own."""
    with transaction.atomic():
        return ledger.post(steps=steps, booked_at=at)


def balance(number: str) -> str:
    """Return what the account holds, as people write it."""
    return f"{selectors.account_by_number(number=number).balance_minor / 100:.2f}"


def held(number: str) -> str:
    """Return what is set aside on the account."""
    return f"{selectors.account_by_number(number=number).held_minor / 100:.2f}"


def set_status(number: str, status: str) -> None:
    """Freeze or close without ceremony."""
    Account.objects.filter(number=number).update(status=status, closed_at=NOON if status == "closed" else None)


def named(name: str) -> UUID:
    """Return an id that a test can speak of."""
    return uuid5(UUID(int=0), name)
