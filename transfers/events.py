"""The wire contract between banks: what asks for transfers, what decides them, what asks to cancel them, what compares days of them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from access.text import SAFE, SAFE_ID

REQUESTED = "transfers.requested.v1"
DECIDED = "transfers.decided.v1"
CANCEL_REQUESTED = "transfers.cancel-requested.v1"
LIST_REQUESTED = "recovery.list-requested.v1"
LISTED = "recovery.listed.v1"
TOTALLED = "transfers.totalled.v1"
COMPARED = "transfers.compared.v1"

MAX_ITEMS = 1_000
MAX_LISTED = 200  # of a page, texts of four bytes a character included
MAX_TEXT = 140
MAX_END_TO_END_ID = 35
MAX_SPANS = 16  # of one question about totals, and parts of one span
MAX_TOLD = 50  # transfers of a span that is told one by one

Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT, pattern=SAFE)]
EndToEndId = Annotated[str, msgspec.Meta(max_length=MAX_END_TO_END_ID, pattern=SAFE_ID)]
Number = Annotated[str, msgspec.Meta(max_length=34)]  # of an order, which is decided whatever it says
PlainNumber = Annotated[str, msgspec.Meta(max_length=34, pattern=SAFE_ID)]
Currency = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]
AmountMinor = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer a bank asks for, in minor units; `id` is the origin's, `expires_at` is judged by the destination's clock."""

    id: UUID
    amount_minor: AmountMinor
    currency: Currency
    creditor_iban: Number
    creditor_name: Text
    debtor_iban: Number
    debtor_name: Text
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]
    reference: Text = ""
    end_to_end_id: EndToEndId = ""


class Readable(msgspec.Struct, frozen=True, kw_only=True):
    """The least of an order that can be decided, if only with a rejection: protocol rule 6."""

    id: UUID
    amount_minor: AmountMinor
    currency: Currency
    creditor_iban: Number


class TransfersRequested(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle of 1 to 1,000 orders of one origin for one destination and partition (like pacs.008)."""

    transfers: Annotated[tuple[Order, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]


class TransfersCancelRequested(msgspec.Struct, frozen=True, kw_only=True):
    """The wish to cancel orders, each repeated whole, so that the destination can refuse one it has not seen yet (like camt.056)."""

    transfers: Annotated[tuple[Order, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the destination decided about one order, for ever; `reason` is an ISO 20022 external status reason code."""

    id: UUID
    outcome: Literal["credited", "rejected"]
    amount_minor: AmountMinor
    currency: Currency
    creditor_iban: Number
    decided_at: Annotated[datetime, msgspec.Meta(tz=True)]
    reason: Annotated[str, msgspec.Meta(max_length=40, pattern=SAFE_ID)] = ""


class TransfersDecided(msgspec.Struct, frozen=True, kw_only=True):
    """The decisions on a bundle or a cancel, one for each of its orders (like pacs.002)."""

    decisions: Annotated[tuple[Decision, ...], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]


class ListRequested(msgspec.Struct, frozen=True, kw_only=True):
    """A bank whose database went back asks for the transfers between it and the receiver that were touched since then, from a page on."""

    since: Annotated[datetime, msgspec.Meta(tz=True)]
    after: UUID | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer between two banks as the sender of the list has it; `origin` is the bank it left, `content` the SHA-256 of its order."""

    id: UUID
    origin: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{4}\Z")]
    outcome: Literal["pending", "credited", "rejected"]
    amount_minor: AmountMinor
    currency: Currency
    creditor_iban: PlainNumber
    creditor_name: Text
    debtor_iban: PlainNumber
    debtor_name: Text
    reference: Text = ""
    end_to_end_id: EndToEndId = ""
    reason: Annotated[str, msgspec.Meta(max_length=40, pattern=SAFE_ID)] = ""
    decided_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    content: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class TransfersListed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of such a list: the answer to one request; `next` is where the following page begins, nothing at the end."""

    request: UUID
    transfers: Annotated[tuple[Listed, ...], msgspec.Meta(max_length=MAX_LISTED)]
    next: UUID | None = None


Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
SumMinor = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Place(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Where a transfer stands among the decided ones: by the destination's `decided_at`, then by the origin's id."""

    at: Moment
    id: UUID


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """All decided transfers from `start` to before `end`: how many, what was credited of them, and a hash over ids, amounts and outcomes.

    `ids` are theirs where the asker has few: so that the other bank says what it knows of each.
    """

    start: Place
    end: Place
    count: Count
    credited_minor: SumMinor
    digest: Digest
    ids: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=MAX_TOLD)] = ()


class TransfersTotalled(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender has of one bank's transfers to the other in one currency; asks what the receiver has."""

    origin: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{4}\Z")]
    currency: Currency
    totals: Annotated[tuple[Total, ...], msgspec.Meta(min_length=1, max_length=MAX_SPANS)]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank knows of one transfer; of one it was asked about and has never seen only the id."""

    id: UUID
    outcome: Literal["credited", "rejected", "pending", "unknown"]
    amount_minor: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    debtor_iban: PlainNumber = ""
    creditor_iban: PlainNumber = ""
    end_to_end_id: EndToEndId = ""
    decided_at: Moment | None = None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one total: the sender's own; where it differs either all transfers of it, or its parts."""

    own: Total
    listed: Annotated[tuple[Known, ...], msgspec.Meta(max_length=2 * MAX_TOLD)] | None = None
    parts: Annotated[tuple[Total, ...], msgspec.Meta(max_length=MAX_SPANS)] = ()


class TransfersCompared(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the question `question` (the id of its message), one for each of its totals, in order."""

    question: UUID
    spans: Annotated[tuple[Compared, ...], msgspec.Meta(min_length=1, max_length=MAX_SPANS)]
