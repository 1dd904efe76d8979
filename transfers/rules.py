"""The decisions about transfers as functions of plain values: what an order books, where it goes, what an answer does."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC
from enum import Enum
from hashlib import sha256

import msgspec

from access.errors import DomainError
from access.models import OrderLimit
from access.text import cleaned, is_safe, is_safe_id
from accounts import numbers
from accounts.iban import bank_code_of
from accounts.money import Money
from accounts.rules import Move
from transfers import errors
from transfers.entry import Entry
from transfers.events import MAX_END_TO_END_ID, MAX_ITEMS, MAX_TEXT, Decision, Order
from transfers.models import STATES

_MAX_BUNDLE_BYTES = 850_000

BOOK, FEE, REFUND, REFUND_FEE = "book", "fee", "refund", "refund-fee"
CREDITED, REJECTED, CANCELLED, COMPLETED, PENDING = "credited", "rejected", "cancelled", "completed", "pending"
REFUSED = "refused"
AWAITING = "awaiting-approval"
CANCEL_ASKED = "cancel-asked"  # an event, no status
APPROVALS = {kind: f"{kind}.approve" for kind, statuses in STATES.items() if AWAITING in statuses}  # what a second person is asked
SPENDING = frozenset({"withdrawal", "internal", "outgoing"})  # what counts against a client's limits
OUTCOME_OF_STATUS = {COMPLETED: CREDITED, REJECTED: REJECTED, CANCELLED: REJECTED}


def refuse_text(*, name: str, text: str, longest: int = MAX_TEXT, is_id: bool = False) -> errors.TextInvalid | None:
    """Refuse a text that is too long for the wire, or not safe."""
    if len(text) <= longest and (is_safe_id(text) if is_id else is_safe(text)):
        return None
    return errors.TextInvalid(field=name, longest=longest)


def refuse_texts(*, reference: str, end_to_end_id: str, creditor_name: str = "") -> errors.TextInvalid | None:
    """Refuse an order by the first of its texts that cannot be sent."""
    return (
        refuse_text(name="the reference", text=reference)
        or refuse_text(name="the end-to-end id", text=end_to_end_id, longest=MAX_END_TO_END_ID, is_id=True)
        or refuse_text(name="the creditor's name", text=creditor_name)
    )


def refuse_customer_number(*, number: str, bank: str) -> DomainError | None:
    """Refuse a number that is not the IBAN of an account at `bank`: the bank's own accounts are not for customers' orders."""
    code = bank_code_of(number)
    if code is None:
        return errors.IbanInvalid(number=number[:34])
    return None if code == bank else errors.NotOurAccount(number=number)


def refuse_peer(*, bank: str, status: str | None) -> DomainError | None:
    """Refuse new transfers with a bank that is unknown, suspended or closed (protocol rules 5 and 8)."""
    match status:
        case "active":
            return None
        case "suspended":
            return errors.BankSuspended(bank=bank)
        case "closed":
            return errors.BankClosed(bank=bank)
        case _:
            return errors.BankUnknown(bank=bank)


class DebitCap(msgspec.Struct, kw_only=True):
    """How much a bank may owe all others together in a currency, and how much it owes."""

    currency: str
    cap_minor: int
    owed_minor: int

    def refuse(self, *, amount_minor: int, counts: bool = True) -> errors.NetDebitCapReached | None:
        """Refuse what would lead above the cap; what is not refused is owed from here on if it `counts`: a batch is judged as a whole.

        What the ledger then refuses for want of money has counted for the rest of its batch.
        """
        if self.owed_minor + amount_minor > self.cap_minor:
            return errors.NetDebitCapReached(
                currency=self.currency, cap_minor=self.cap_minor, owed_minor=self.owed_minor, amount_minor=amount_minor
            )
        if counts:
            self.owed_minor += amount_minor
        return None


def clearing_of(entry: Entry) -> str | None:
    """Return the account of what is owed between this bank and the transfer's other one, None when there is no other."""
    match entry.kind:
        case "incoming":
            return numbers.clearing(entry.origin_bank, entry.currency)
        case "outgoing":
            return numbers.clearing(entry.destination_bank, entry.currency)
        case _:
            return None


def parties(entry: Entry) -> tuple[str, str]:
    """Return the accounts a transfer debits and credits: its own, or the clearing account of the other bank in place of one."""
    clearing = clearing_of(entry)
    if clearing is None:
        return entry.debtor_number, entry.creditor_number
    return (clearing, entry.creditor_number) if entry.kind == "incoming" else (entry.debtor_number, clearing)


def refuse_amount(entry: Entry, *, limits: Mapping[str, OrderLimit]) -> errors.TransferLimitExceeded | None:
    """Refuse what is more than its client may order at once."""
    limit = limits[entry.currency].per_transfer_minor if entry.currency in limits and entry.kind in SPENDING else None
    if limit is None or entry.amount_minor <= limit:
        return None
    return errors.TransferLimitExceeded(currency=entry.currency, limit_minor=limit, amount_minor=entry.amount_minor)


def booking(entry: Entry, *, group: Hashable, releases_hold: bool = False, spends: bool = False) -> list[Move]:
    """Return the moves that book a transfer, the fee with it; what it `spends` uses up the client's allowance."""
    debit, credit = parties(entry)
    hold = entry.hold if releases_hold else None
    moves = [
        Move(
            transfer_id=entry.id, leg=BOOK, debit=debit, credit=credit, amount=entry.amount, group=group, releases_hold=hold, spends=spends
        )
    ]
    if entry.fee_minor:
        fee, fees = Money(entry.fee_minor, entry.currency), numbers.fees(entry.currency)
        moves.append(Move(transfer_id=entry.id, leg=FEE, debit=debit, credit=fees, amount=fee, group=group, spends=spends))
    return moves


def refund(entry: Entry) -> list[Move]:
    """Return the moves that give amount and fee back to the debtor, or to suspense where the account no longer takes money."""
    clearing = numbers.clearing(entry.destination_bank, entry.currency)
    moves = [_refund(entry, REFUND, clearing, entry.amount)]
    if entry.fee_minor:
        moves.append(_refund(entry, REFUND_FEE, numbers.fees(entry.currency), Money(entry.fee_minor, entry.currency)))
    return moves


def _refund(entry: Entry, leg: str, debit: str, amount: Money) -> Move:
    return Move(
        transfer_id=entry.id,
        leg=leg,
        debit=debit,
        credit=entry.debtor_number,
        amount=amount,
        group=entry.id,
        fallback_credit=numbers.suspense(entry.currency),
    )


def order_of(entry: Entry) -> Order:
    """Return an outgoing transfer as the other bank is asked for it: the same content every time."""
    assert entry.expires_at is not None, "an outgoing transfer that is asked for has a deadline"
    return Order(
        id=entry.origin_id,
        amount_minor=entry.amount_minor,
        currency=entry.currency,
        creditor_iban=entry.creditor_number,
        creditor_name=entry.creditor_name,
        debtor_iban=entry.debtor_number,
        debtor_name=entry.debtor_name,
        expires_at=entry.expires_at.astimezone(UTC),  # the text, zone and all, is part of the content
        reference=entry.reference,
        end_to_end_id=entry.end_to_end_id,
    )


def content_hash(order: object) -> bytes:
    """Return the SHA-256 of an order's canonical JSON (names sorted, no spaces): what it may never say differently later."""
    return sha256(msgspec.json.encode(order, order="sorted")).digest()


def cut(text: object, longest: int = MAX_TEXT) -> str:
    """Return what another bank wrote as it can be stored: a text, cleaned and cut at `longest`."""
    return cleaned(text)[:longest] if isinstance(text, str) else ""


def bundles(orders: Sequence[tuple[Entry, Order]]) -> list[list[tuple[Entry, Order]]]:
    """Part the orders of one destination and partition into bundles that no broker refuses: 1,000 orders, 850,000 bytes."""
    parted: list[list[tuple[Entry, Order]]] = []
    size = _MAX_BUNDLE_BYTES
    for entry, order in orders:
        longest = 360 + 4 * sum(map(len, (order.creditor_name, order.debtor_name, order.reference, order.end_to_end_id)))
        size += longest
        if size > _MAX_BUNDLE_BYTES or len(parted[-1]) == MAX_ITEMS:
            parted.append([])
            size = longest
        parted[-1].append((entry, order))
    return parted


class Verdict(Enum):
    """What an answer does to the transfer it names (protocol rule 4); the values of the last four are dead letters' reasons."""

    APPLY = "apply"
    SAME = "same"
    UNKNOWN = "answer-to-unknown"
    FOREIGN = "answer-from-another"
    OTHER_CONTENT = "answer-with-other-content"
    OPPOSITE = "opposite-answer"


def judge_answer(*, entry: Entry | None, source: str, decision: Decision) -> Verdict:
    """Judge one decision against the transfer it names; only a pending one changes, only by its destination, only for what was ordered."""
    if entry is None or entry.kind != "outgoing" or entry.status not in (PENDING, *OUTCOME_OF_STATUS):
        return Verdict.UNKNOWN
    if source != entry.destination_bank:
        return Verdict.FOREIGN
    if (decision.amount_minor, decision.currency, decision.creditor_iban) != (entry.amount_minor, entry.currency, entry.creditor_number):
        return Verdict.OTHER_CONTENT
    if entry.status == PENDING:
        return Verdict.APPLY
    return Verdict.SAME if OUTCOME_OF_STATUS[entry.status] == decision.outcome else Verdict.OPPOSITE


def status_after(decision: Decision) -> str:
    """Return the final status a decision gives a pending transfer."""
    if decision.outcome == CREDITED:
        return COMPLETED
    return CANCELLED if decision.reason == errors.OrderCancelled.iso_reason else REJECTED
