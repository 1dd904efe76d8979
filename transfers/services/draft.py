"""Turning an order into the transfer it would be, or refusing it for what can be seen before any account is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import singledispatch
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from access.errors import DomainError, ReasonMissing
from access.site import Site
from accounts import numbers
from accounts.errors import CurrencyNotOffered
from accounts.iban import bank_code_of
from accounts.money import Money
from messaging.selectors import PeerRow
from transfers import errors, rules
from transfers.entry import Entry
from transfers.orders import Adjustment, Deposit, Float, Order, Payment, Reversal, TillDifference, Withdrawal

REVERSIBLE = ("deposit", "withdrawal", "internal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What orders are judged by: this bank, the banks they go to, the transfers they reverse, who asks and when.

    `tills` says of the tills that those transfers went through since when they are open, where they are.
    """

    site: Site
    peers: Mapping[str, PeerRow]
    originals: Mapping[UUID, Entry]
    reversed: set[UUID]
    tills: Mapping[str, datetime]
    asked_by_id: int
    now: datetime


def destinations_of(orders: Sequence[Order]) -> set[str]:
    """Return the codes of the banks that the orders' creditors name."""
    return {code for order in orders if isinstance(order, Payment) and (code := bank_code_of(order.creditor))}


def originals_of(orders: Sequence[Order]) -> set[UUID]:
    """Return the ids of the transfers that are to be reversed."""
    return {order.transfer_id for order in orders if isinstance(order, Reversal)}


@singledispatch
def draft(order: Any, *, desk: Desk) -> Entry | DomainError:
    """Return the transfer an order would become, or its refusal (protocol rule 5: before any debit)."""
    raise TypeError(f"{type(order).__name__} is no order of {desk.site.code}")


@draft.register
def _(order: Deposit, *, desk: Desk) -> Entry | DomainError:
    return _cash_refusal(order, desk=desk) or _entry("deposit", order.amount, _cash(order, desk), order.account, desk=desk, order=order)


@draft.register
def _(order: Withdrawal, *, desk: Desk) -> Entry | DomainError:
    return _cash_refusal(order, desk=desk) or _entry("withdrawal", order.amount, order.account, _cash(order, desk), desk=desk, order=order)


@draft.register
def _(order: Payment, *, desk: Desk) -> Entry | DomainError:
    refusal = (
        rules.refuse_texts(reference=order.reference, end_to_end_id=order.end_to_end_id, creditor_name=order.creditor_name)
        or rules.refuse_customer_number(number=order.debtor, bank=desk.site.code)
        or _currency_refusal(order.amount, desk=desk)
    )
    if refusal:
        return refusal
    destination = bank_code_of(order.creditor)
    if destination is None:
        return errors.IbanInvalid(number=order.creditor[:34])
    if destination == desk.site.code:
        entry = _entry("internal", order.amount, order.debtor, order.creditor, desk=desk, order=order)
    else:
        peer = desk.peers.get(destination)
        if refusal := rules.refuse_peer(bank=destination, status=peer.status if peer else None):
            return refusal
        entry = _outgoing(order, destination=destination, desk=desk)
    entry.hold, entry.creditor_name = order.captures, order.creditor_name
    return entry


@draft.register
def _(order: Reversal, *, desk: Desk) -> Entry | DomainError:
    original = desk.originals.get(order.transfer_id)
    if not order.reason.strip():
        return ReasonMissing()
    if original is None:
        return errors.TransferUnknown(transfer=str(order.transfer_id))
    if original.kind not in REVERSIBLE or original.status != rules.COMPLETED:
        return errors.NotReversible(transfer=str(original.id), kind=original.kind, status=original.status)
    if original.id in desk.reversed:
        return errors.AlreadyReversed(transfer=str(original.id))
    desk.reversed.add(original.id)  # for the next order of the same batch
    debit, credit = _place_now(original.creditor_number, original, desk), _place_now(original.debtor_number, original, desk)
    entry = _entry("reversal", original.amount, debit, credit, desk=desk, must_wait=True)
    entry.reference, entry.reverses_id = rules.cut(order.reason), original.id
    return entry


@draft.register
def _(order: Adjustment, *, desk: Desk) -> Entry | DomainError:
    if not order.reason.strip():
        return ReasonMissing()
    if not (numbers.is_internal(order.debit) or numbers.is_internal(order.credit)):
        return errors.AdjustmentNotInternal(debit=order.debit, credit=order.credit)
    if till := next(filter(numbers.is_till, (order.debit, order.credit)), None):
        return errors.AdjustmentOfTill(till=till)
    if refusal := _currency_refusal(order.amount, desk=desk):
        return refusal
    entry = _entry("adjustment", order.amount, order.debit, order.credit, desk=desk, must_wait=True)
    entry.reference = rules.cut(order.reason)
    return entry


@draft.register
def _(order: Float, *, desk: Desk) -> Entry | DomainError:
    if refusal := _currency_refusal(order.amount, desk=desk):
        return refusal
    limit = desk.site.approval_limits.get(order.amount.currency, 0)
    if order.to_till and order.amount.amount_minor > limit:
        return errors.FloatTooLarge(limit_minor=limit, currency=order.amount.currency)
    vault = numbers.cash(order.amount.currency)
    debit, credit = (order.till, vault) if order.to_till else (vault, order.till)
    return _entry("float", order.amount, debit, credit, desk=desk, must_wait=False)


@draft.register
def _(order: TillDifference, *, desk: Desk) -> Entry | DomainError:
    if not order.reason.strip():
        return ReasonMissing()
    suspense = numbers.suspense(order.amount.currency)
    debit, credit = (order.till, suspense) if order.is_over else (suspense, order.till)
    entry = _entry("adjustment", order.amount, debit, credit, desk=desk, must_wait=True)
    entry.reference = rules.cut(order.reason)
    return entry


def _cash(order: Deposit | Withdrawal, desk: Desk) -> str:
    """Return where an order's cash is: in the drawer of whoever orders, or in the vault."""
    currency = order.amount.currency
    return numbers.till_of(desk.asked_by_id, currency) if order.at_till else numbers.cash(currency)


def _place_now(number: str, original: Entry, desk: Desk) -> str:
    """Return where a reversal finds what the original moved: a till whose session is over gave its cash to the vault."""
    since = desk.tills.get(number)
    if not numbers.is_till(number) or (since is not None and since <= original.created_at):
        return number
    return numbers.cash(original.currency)


def _cash_refusal(order: Deposit | Withdrawal, *, desk: Desk) -> DomainError | None:
    return (
        rules.refuse_texts(reference=order.reference, end_to_end_id=order.end_to_end_id)
        or rules.refuse_customer_number(number=order.account, bank=desk.site.code)
        or _currency_refusal(order.amount, desk=desk)
    )


def _currency_refusal(amount: Money, *, desk: Desk) -> DomainError | None:
    offered = desk.site.currencies
    return None if amount.currency in offered else CurrencyNotOffered(currency=amount.currency, offered=", ".join(offered))


def _entry(
    kind: str,
    amount: Money,
    debit: str,
    credit: str,
    *,
    desk: Desk,
    order: Deposit | Withdrawal | Payment | None = None,
    must_wait: bool | None = None,
) -> Entry:
    """Return a transfer between two accounts of this bank: completed at once, or waiting above the currency's limit (protocol rule 7)."""
    waits = amount.amount_minor > desk.site.approval_limits.get(amount.currency, 0) if must_wait is None else must_wait
    transfer_id = uuid7()
    return Entry(
        id=transfer_id,
        kind=kind,
        status=rules.AWAITING if waits else rules.COMPLETED,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        debtor_number=debit,
        creditor_number=credit,
        origin_bank=desk.site.code,
        origin_id=transfer_id,
        destination_bank=desk.site.code,
        reference=order.reference if order else "",
        end_to_end_id=order.end_to_end_id if order else "",
        asked_by_id=desk.asked_by_id,
        created_at=desk.now,
        expires_at=desk.now + timedelta(seconds=desk.site.approval_valid_s) if waits else None,
        settled_at=None if waits else desk.now,
    )


def _outgoing(order: Payment, *, destination: str, desk: Desk) -> Entry:
    """Return a transfer to another bank: pending at once, with its fee and the deadline the destination will judge it by."""
    entry = _entry("outgoing", order.amount, order.debtor, order.creditor, desk=desk, order=order)
    entry.destination_bank = destination
    entry.fee_minor = desk.site.outgoing_fees.get(order.amount.currency, 0)
    if entry.status == rules.COMPLETED:
        entry.status, entry.settled_at = rules.PENDING, None
        entry.expires_at = desk.now + timedelta(seconds=desk.site.transfer_valid_s)
    return entry
