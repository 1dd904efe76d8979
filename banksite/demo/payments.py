"""The sample payments files: mostly fine, with one line for each way a payment can go wrong, and what must become of each."""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from accounts import iban
from accounts.money import format_minor
from banksite.demo.banks import DemoBank
from transfers.payments_file import COLUMNS

TO_OTHER_BANK, TO_NEW_BANK, INSIDE = 240, 60, 60
_AMOUNT_MINOR = (100, 2_500)
_RESERVE_MINOR = 10_000  # stays on every account that pays, so that no line fails by chance
_MORE_THAN_ANYONE_HAS = 2_000_000
_CURRENCY = "EUR"
_REFERENCES = ("Rent", "Invoice 2041", "Tickets", "Lunch on Friday", "Piano lessons", "Thank you!", "Groceries", "Your share of the boat")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's account as the bank lists it."""

    number: str
    holder_name: str
    kind: str
    currency: str
    status: str
    balance_minor: int


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What must become of a line: its outcome and code in the file of outcomes, and how the transfer ends (status and reason)."""

    outcome: str
    code: str = ""
    status: str = ""
    reason: str = ""


CREDITED = Fate(outcome="pending", status="completed")
UNKNOWN_ACCOUNT = Fate(outcome="pending", status="rejected", reason="AC01")
BOOKED = Fate(outcome="completed", status="completed")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One line of a sample file."""

    cells: tuple[str, ...]
    fate: Fate

    @property
    def arrives_at(self) -> str:
        """Return the code of the other bank that must credit it, nothing where none does."""
        return self.cells[2][4:8] if self.fate == CREDITED else ""


@dataclass(frozen=True, kw_only=True)
class Side:
    """A bank with its customers' accounts as it lists them."""

    bank: DemoBank
    accounts: Sequence[Account]


def sample_lines(*, start: str, ours: Side, other: Side) -> list[Sample]:
    """Return the lines of the first bank's file to the other, of the demo's start of this name; the same arguments give the same lines."""
    book = _book(start=start, ours=ours)
    dice, payers, receivers = book.dice, _open(ours.accounts), _open(other.accounts)
    lines = [book.pay(payers, receivers, fate=CREDITED) for _ in range(TO_OTHER_BANK)]
    lines += [book.pay(payers, payers, fate=BOOKED) for _ in range(INSIDE)]
    lines += _wrong(book, payers=payers, receivers=receivers, other=other)
    dice.shuffle(lines)
    twice = next(line for line in lines if line.fate == CREDITED)
    return [*lines, Sample(cells=twice.cells, fate=Fate(outcome="repeated"))]


def few_lines(*, start: str, ours: Side, others: Sequence[Side]) -> list[Sample]:
    """Return the lines of a smaller file of the bank to some others: payments that arrive, and one to nobody."""
    book = _book(start=start, ours=ours)
    payers = _open(ours.accounts)
    lines = [book.pay(payers, _open(other.accounts), fate=CREDITED) for other in others for _ in range(TO_NEW_BANK)]
    lines += [book.line(payers[0], to=_nobody(other.bank), name="Nobody", amount_minor=1_250, fate=UNKNOWN_ACCOUNT) for other in others]
    book.dice.shuffle(lines)
    return lines


def write(lines: Sequence[Sample], *, file: Path) -> None:
    """Write the lines as a payments file."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(line.cells for line in lines)


@dataclass(kw_only=True)
class _Book:
    """What makes lines: numbered, and never more from an account than it has."""

    prefix: str
    dice: random.Random
    left: dict[str, int]
    count: int = 0

    def pay(self, payers: Sequence[Account], receivers: Sequence[Account], *, fate: Fate) -> Sample:
        """Return a line from somebody who can pay to somebody else."""
        amount_minor = self.dice.randint(*_AMOUNT_MINOR)
        able = [account for account in payers if self.left[account.number] >= amount_minor + _RESERVE_MINOR]
        payer = self.dice.choice(able or payers)
        receiver = self.dice.choice([account for account in receivers if account.number != payer.number])
        self.left[payer.number] -= amount_minor
        return self.line(payer, to=receiver.number, name=receiver.holder_name, amount_minor=amount_minor, fate=fate)

    def line(self, payer: Account, *, to: str, name: str, amount_minor: int, fate: Fate, currency: str = _CURRENCY) -> Sample:
        """Return exactly this line."""
        self.count += 1
        amount, reference = format_minor(amount_minor, currency), self.dice.choice(_REFERENCES)
        return Sample(cells=(f"{self.prefix}-{self.count:04d}", payer.number, to, name, amount, currency, reference), fate=fate)


def _book(*, start: str, ours: Side) -> _Book:
    prefix = f"{ours.bank.code}-{start}"
    dice = random.Random(prefix)  # noqa: S311  # sample data that should be the same each time
    return _Book(prefix=prefix, dice=dice, left={account.number: account.balance_minor for account in _open(ours.accounts)})


def _nobody(bank: DemoBank) -> str:
    """Return a number of the bank that no account has."""
    return iban.make("NL", bank.code, 9_999_999_999)


def _wrong(book: _Book, *, payers: Sequence[Account], receivers: Sequence[Account], other: Side) -> list[Sample]:
    """Return one line for each way a payment can go wrong."""
    payer, receiver = payers[0], receivers[0]
    mistyped = receiver.number[:2] + f"{(int(receiver.number[2:4]) + 1) % 97:02d}" + receiver.number[4:]
    lines = [
        book.line(payer, to=_nobody(other.bank), name="Nobody", amount_minor=1_250, fate=UNKNOWN_ACCOUNT),
        book.line(
            payer, to=receiver.number, name=receiver.holder_name, amount_minor=_MORE_THAN_ANYONE_HAS, fate=_refused("insufficient-funds")
        ),
        book.line(payer, to=mistyped, name=receiver.holder_name, amount_minor=1_999, fate=_refused("iban-invalid")),
        book.line(
            payer, to=receiver.number, name=receiver.holder_name, amount_minor=4_200, currency="USD", fate=_refused("currency-mismatch")
        ),
    ]
    for account in other.accounts:
        if account.status == "closed":
            lines.append(book.line(payer, to=account.number, name=account.holder_name, amount_minor=3_300, fate=_refunded("AC04")))
        elif account.currency != _CURRENCY:
            lines.append(book.line(payer, to=account.number, name=account.holder_name, amount_minor=2_700, fate=_refunded("AM03")))
    return lines


def _open(accounts: Sequence[Account]) -> list[Account]:
    """Return the accounts that can pay and be paid."""
    return [account for account in accounts if (account.status, account.currency, account.kind) == ("open", _CURRENCY, "checking")]


def _refunded(reason: str) -> Fate:
    return Fate(outcome="pending", status="rejected", reason=reason)


def _refused(code: str) -> Fate:
    return Fate(outcome="refused", code=code)
