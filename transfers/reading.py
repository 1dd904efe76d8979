"""Reading what other banks sent: strictly where it fits the contract, leniently where it can at least be decided (protocol rule 6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec

from access.errors import DomainError
from access.site import this_bank
from accounts.errors import CurrencyNotOffered
from accounts.iban import bank_code_of
from accounts.money import MAX_AMOUNT_MINOR
from messaging.envelope import Envelope
from messaging.errors import Unreadable
from messaging.handling import can_be_kept, reading
from transfers import errors, rules
from transfers.events import (
    MAX_ITEMS,
    Known,
    Order,
    Readable,
    Total,
    TransfersCompared,
    TransfersDecided,
    TransfersRequested,
    TransfersTotalled,
)

KNOWN_VERSION = 1
_DAY = timedelta(days=1)
_strict = msgspec.json.Decoder(TransfersRequested)
_decided = reading(TransfersDecided)
_totalled = reading(TransfersTotalled)
_compared = reading(TransfersCompared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One order as another bank wrote it; `flaw` is why it can only be rejected. What was not readable as its type is None."""

    id: UUID
    amount_minor: int
    currency: str
    creditor_iban: str
    content_hash: bytes
    creditor_name: object = ""
    debtor_iban: object = ""
    debtor_name: object = ""
    reference: object = ""
    end_to_end_id: object = ""
    expires_at: datetime | None = None
    flaw: DomainError | None = None


@dataclass(frozen=True, slots=True)
class Orders:
    """What a request or a cancel carries: 1 to 1,000 orders with distinct ids."""

    orders: tuple[Asked, ...]


def read_orders(*, data: msgspec.Raw, version: int, envelope: Envelope) -> Orders:
    """Read the orders of a request or cancel; raise Unreadable for what no decision can name, and for accounts of other banks."""
    try:
        orders = [_asked(order) for order in _strict.decode(data).transfers]
    except msgspec.ValidationError:
        orders = [_asked_leniently(raw) for raw in _raw_orders(data)]
    if version != KNOWN_VERSION:
        orders = [replace(order, flaw=errors.VersionUnknown(version=version)) for order in orders]
    if len({order.id for order in orders}) != len(orders):
        raise Unreadable("repeated-id", "two transfers of the message have the same id")
    _require_own_accounts(orders, envelope)
    return Orders(tuple(orders))


def read_decisions(*, data: msgspec.Raw, version: int, envelope: Envelope) -> TransfersDecided:
    """Read the decisions of an answer; raise Unreadable for anything that does not fit the contract: nothing is owed to an answer."""
    decided = _decided(data=data, version=version, envelope=envelope)
    if len({decision.id for decision in decided.decisions}) != len(decided.decisions):
        raise Unreadable("repeated-id", "two decisions of the message name the same transfer")
    if strange := [decision for decision in decided.decisions if not can_be_kept(decision.decided_at)]:
        raise Unreadable("undecodable", f"transfer {strange[0].id} was decided at {strange[0].decided_at.isoformat()}")
    return decided


def read_totals(*, data: msgspec.Raw, version: int, envelope: Envelope) -> TransfersTotalled:
    """Read another bank's totals; raise Unreadable for what does not fit the contract, and for transfers of a third bank.

    One question is about at most a day, and no part of it twice: answering it reads no more transfers than that.
    """
    totalled = _totalled(data=data, version=version, envelope=envelope)
    if totalled.origin not in {envelope.source, envelope.destination}:
        raise Unreadable("foreign-origin", f"{envelope.source} asks about transfers of {totalled.origin}")
    _require_spans(totalled.totals)
    spans = sorted((total.start, total.end) for total in totalled.totals)
    if spans[-1][1].at - spans[0][0].at > _DAY or any(end > start for (_, end), (start, _) in pairwise(spans)):
        raise Unreadable("undecodable", f"no parts of one day: {spans[0][0].at.isoformat()} to {spans[-1][1].at.isoformat()}")
    return totalled


def read_comparisons(*, data: msgspec.Raw, version: int, envelope: Envelope) -> TransfersCompared:
    """Read the answer to totals; raise Unreadable for what does not fit the contract."""
    compared = _compared(data=data, version=version, envelope=envelope)
    _require_spans([total for span in compared.spans for total in (span.own, *span.parts)])
    listed = [known for span in compared.spans for known in span.listed or ()]
    if strange := [known for known in listed if not _has_its_moment(known)]:
        raise Unreadable("undecodable", f"transfer {strange[0].id} was decided at no moment that can be kept")
    return compared


def _has_its_moment(known: Known) -> bool:
    """Return whether a transfer that was decided says when, and no transfer says what cannot be kept."""
    if known.decided_at is None:
        return known.outcome not in {rules.CREDITED, rules.REJECTED}
    return can_be_kept(known.decided_at)


def _require_spans(totals: Sequence[Total]) -> None:
    """Raise Unreadable for spans that end before they begin, or where no transfer can be."""
    for total in totals:
        if not (can_be_kept(total.start.at) and can_be_kept(total.end.at) and total.start <= total.end):
            raise Unreadable("undecodable", f"no span: {total.start} to {total.end}")


def _asked(order: Order) -> Asked:
    """Return an order that fits the contract; what fits the wire but no account or database is its flaw."""
    return Asked(
        id=order.id,
        amount_minor=order.amount_minor,
        currency=order.currency,
        creditor_iban=order.creditor_iban,
        content_hash=rules.content_hash(order),
        creditor_name=order.creditor_name,
        debtor_iban=order.debtor_iban,
        debtor_name=order.debtor_name,
        reference=order.reference,
        end_to_end_id=order.end_to_end_id,
        expires_at=order.expires_at if can_be_kept(order.expires_at) else None,
        flaw=_bounds_flaw(order) or _account_flaw(order),
    )


def _bounds_flaw(order: Order) -> DomainError | None:
    """Refuse an amount that no account takes and a deadline that no database keeps."""
    if order.amount_minor > MAX_AMOUNT_MINOR:
        return errors.AmountTooLarge(amount_minor=order.amount_minor)
    if not can_be_kept(order.expires_at):
        return errors.OrderMalformed(detail=f"expires_at is {order.expires_at.isoformat()}")
    return None


def _account_flaw(order: Order) -> DomainError | None:
    """Refuse account numbers that are no IBANs and currencies this bank keeps no accounts in."""
    for number in (order.creditor_iban, order.debtor_iban):
        if bank_code_of(number) is None:
            return errors.IbanInvalid(number=number)
    offered = this_bank().currencies
    return None if order.currency in offered else CurrencyNotOffered(currency=order.currency, offered=", ".join(offered))


def _raw_orders(data: msgspec.Raw) -> Sequence[Any]:
    """Return the list of orders as JSON values; raise Unreadable when there is no list of 1 to 1,000."""
    content = msgspec.json.decode(data)
    orders = content.get("transfers") if isinstance(content, dict) else None
    if not isinstance(orders, list) or not 1 <= len(orders) <= MAX_ITEMS:
        raise Unreadable("undecodable", f"data.transfers is no list of 1 to {MAX_ITEMS} transfers")
    return orders


def _asked_leniently(raw: Any) -> Asked:
    """Return an order as far as it can be read, flawed unless it fits by itself; raise Unreadable when it cannot be decided."""
    try:
        return _asked(msgspec.convert(raw, Order))
    except msgspec.ValidationError as error:
        flaw = errors.OrderMalformed(detail=str(error))
    try:
        least = msgspec.convert(raw, Readable)
    except msgspec.ValidationError as error:
        raise Unreadable("undecodable", str(error)) from error
    texts = {name: raw.get(name, "") for name in ("creditor_name", "debtor_iban", "debtor_name", "reference", "end_to_end_id")}
    return Asked(
        id=least.id,
        amount_minor=least.amount_minor,
        currency=least.currency,
        creditor_iban=least.creditor_iban,
        content_hash=rules.content_hash(raw),
        flaw=flaw,
        **texts,
    )


def _require_own_accounts(orders: Sequence[Asked], envelope: Envelope) -> None:
    """Raise Unreadable when an order takes from an account that is not the sender's, or names a creditor at another bank than this one."""
    for order in orders:
        debtor = bank_code_of(order.debtor_iban) if isinstance(order.debtor_iban, str) else None
        creditor = bank_code_of(order.creditor_iban)
        if debtor not in (None, envelope.source):
            raise Unreadable("foreign-debtor", f"transfer {order.id} debits an account of {debtor}")
        if creditor not in (None, envelope.destination):
            raise Unreadable("foreign-creditor", f"transfer {order.id} credits an account of {creditor}")
