"""Three banks, their people and their accounts, as every seed finds them in the morning."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.db import connections

from access.models import User
from access.site import Site, acting_as
from access.tests.people import employ
from accounts import iban, numbers
from accounts.models import Account, Customer
from accounts.money import Money
from accounts.services import open_internal_accounts
from messaging import directory, signing
from messaging.documents import Document
from messaging.events import Bank as BankEntry
from messaging.events import BankKey
from messaging.letter_box import topic_of
from tests.protocol.database import Database, migrated
from transfers import services
from transfers.orders import Deposit

MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
PARTITIONS = 2
LIMIT_MINOR = 30_000
FEES = {"BNKA": {"EUR": 25}, "BNKB": {}, "BNKC": {"EUR": 10, "USD": 10}}
CURRENCIES = {"BNKA": ("EUR", "USD"), "BNKB": ("EUR",), "BNKC": ("EUR", "USD")}
RICH, POOR, CLOSED, FROZEN, DOLLARS, LEAVING, NOBODY = 1, 2, 3, 4, 5, 6, 99
HOLDS = {RICH: 100_000, POOR: 5_000, FROZEN: 10_000, DOLLARS: 20_000, LEAVING: 3_000}


def account(bank: str, serial: int) -> str:
    """Return an account's number."""
    return iban.make("NL", bank, serial)


class Bank:
    """One bank: its identity, its key, its database and the template of it, its two people at work."""

    def __init__(self, *, code: str, head_key: str, folder: Path, empty: Database) -> None:
        file = folder / f"{code}.pem"
        self.key = signing.create_key_file(file=file)
        self.site = Site(
            role="bank",
            code=code,
            name=f"Bank {code[-1]}",
            country="NL",
            currencies=CURRENCIES[code],
            approval_limits=dict.fromkeys(CURRENCIES[code], LIMIT_MINOR),
            outgoing_fees=FEES[code],
            transfer_valid_s=3_600,
            approval_valid_s=7_200,
            letter_box_partitions=PARTITIONS,
            head_bank_key=head_key,
            message_key_file=file,
        )
        self.code = code
        self.template, self.database = Database(), Database()
        self.database.copy_from(empty)
        self.teller: User
        self.supervisor: User

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Be this bank: its database, its identity."""
        before = connections["default"]
        connections["default"] = self.database
        try:
            with acting_as(self.site):
                yield
        finally:
            connections["default"] = before

    def entry(self, *, status: str = "active", revoked: bool = False) -> BankEntry:
        """Return the bank's entry in the directory."""
        key = BankKey(id=self.key.key_id, public_key=self.key.public_key, revoked=revoked)
        topic = topic_of(code=self.code)
        return BankEntry(code=self.code, name=self.site.name, topic=topic, partitions=PARTITIONS, status=status, keys=(key,))  # type: ignore[arg-type]

    def furnish(self, document: Document) -> None:
        """Employ the staff, open the accounts, pay in the first money, learn of the other banks, and keep all that as the template."""
        with self.acting():
            doings = ("deposit", "withdraw", "pay", "cancel", "reverse", "adjust", "repair_break")
            self.teller = employ("teller", *(f"transfers.{doing}" for doing in doings))
            self.supervisor = employ("supervisor", "transfers.approve", "transfers.cancel")
            own = [name(currency) for currency in self.site.currencies for name in (numbers.cash, numbers.fees, numbers.suspense)]
            open_internal_accounts(numbers=own, now=MORNING)
            for serial in (RICH, POOR, CLOSED, FROZEN, DOLLARS, LEAVING):
                self._open(serial)
            directory.take(document=document, now=MORNING)
            for user in (self.teller, self.supervisor):
                user.get_all_permissions()  # remembered by the object, as for the length of a request
        self.template.copy_from(self.database)

    def reset(self) -> None:
        """Begin again in the morning."""
        self.database.copy_from(self.template)

    def _open(self, serial: int) -> None:
        currency = "USD" if serial == DOLLARS and "USD" in self.site.currencies else "EUR"
        customer = Customer.objects.create(name=f"Customer {serial}", phone=f"+31{serial}", opened_at=MORNING)
        number, minor = account(self.code, serial), HOLDS.get(serial, 0)
        opened = Account.objects.create(
            number=number,
            kind="checking",
            currency=currency,
            customer=customer,
            holder_name=customer.name,
            floor_minor=0,
            opened_at=MORNING,
        )
        for share in range(0, minor, LIMIT_MINOR):
            amount = Money(min(LIMIT_MINOR, minor - share), currency)
            services.submit(orders=[Deposit(account=number, amount=amount)], by=self.teller, now=MORNING)
        if serial == CLOSED:
            Account.objects.filter(pk=opened.pk).update(status="closed", closed_at=MORNING)
        if serial == FROZEN:
            Account.objects.filter(pk=opened.pk).update(status="frozen")


class Town:
    """The head bank's key and three furnished banks: made once in a process, used by every seed."""

    def __init__(self, folder: Path) -> None:
        self.head_key = signing.create_key_file(file=folder / "HEAD.pem")
        self.head_site = Site(
            role="headbank", code="HEAD", name="Head Bank", country="NL", currencies=("EUR",), head_bank_key=self.head_key.public_key
        )
        self.folder, self.empty = folder, migrated()
        empty = self.empty
        self.banks = {code: Bank(code=code, head_key=self.head_key.public_key, folder=folder, empty=empty) for code in CURRENCIES}
        self.first_document = self.document(version=1)
        for bank in self.banks.values():
            bank.furnish(self.first_document)

    def document(self, *, version: int, suspended: frozenset[str] = frozenset(), closed: frozenset[str] = frozenset()) -> Document:
        """Return a directory the head bank signed."""
        entries = [
            bank.entry(status="closed" if code in closed else "suspended" if code in suspended else "active", revoked=code in closed)
            for code, bank in self.banks.items()
        ]
        with acting_as(self.head_site):
            return directory.sign(value=directory.write(version=version, banks=entries, now=MORNING), key=self.head_key)
