"""Up to a thousand payments in one request, each with an outcome of its own, or all or nothing."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access.errors import DomainError
from access.models import User
from access.rest import Endpoint, Fault, operation, read_body, user_of
from accounts.errors import CurrencyUnknown
from transfers import permissions, services
from transfers.api.bodies import STATUS_URL, TransferBody
from transfers.errors import OthersRefused
from transfers.orders import Accepted, Payment

_MOST = 1000


class BatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payments, judged in this order; `atomic` books all of them or none."""

    transfers: Annotated[Sequence[TransferBody], Meta(min_length=1, max_length=_MOST)]
    atomic: bool = False


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why an order was refused; `code` is explained at /problems/{code}."""

    code: str
    title: str
    detail: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the order at the same place: a transfer, or status `refused` and why; a refused order leaves nothing behind."""

    status: str
    id: UUID | None = None
    kind: str | None = None
    status_url: str | None = None
    refusal: Refusal | None = None


class BatchDone(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome for each order, at the same place."""

    accepted: int
    refused: int
    outcomes: Sequence[Outcome]


class Batches(Endpoint):
    """`transfer-batches`."""

    needs = {"POST": permissions.PAY}
    longest_body = 2 * 1024 * 1024  # a thousand transfers with every text at its longest have half of it

    @operation(
        id="transfer_batches_create",
        summary="Pay many",
        tag="transfers",
        body=BatchBody,
        answers={200: BatchDone},
        is_kept=True,
        refuses=(OthersRefused,),
    )
    def post(self, request: Request) -> Response:
        """Make up to 1,000 payments, each booked or refused by itself; with `atomic` one refusal refuses all: 422, naming each place."""
        body = read_body(request, BatchBody)
        return self.once(request, lambda: (200, _pay(body, by=user_of(request))))


def _pay(body: BatchBody, *, by: User) -> BatchDone:
    """Submit what can be read as orders and return one outcome each; raises OthersRefused when all stand or fall together."""
    drafts = [_order(each) for each in body.transfers]
    orders = [each for each in drafts if isinstance(each, Payment)]
    if body.atomic and len(orders) < len(drafts):
        orders = []
    judged = iter(services.submit(orders=orders, by=by, atomic=body.atomic, now=timezone.now()) if orders else [])
    outcomes = [next(judged, OthersRefused()) if isinstance(each, Payment) else each for each in drafts]
    refused = [each for each in outcomes if isinstance(each, DomainError)]
    if body.atomic and refused:
        raise OthersRefused(faults=tuple(_faults(outcomes)))
    return BatchDone(accepted=len(outcomes) - len(refused), refused=len(refused), outcomes=[_said(each) for each in outcomes])


def _order(body: TransferBody) -> Payment | CurrencyUnknown:
    try:
        return body.payment
    except CurrencyUnknown as refusal:
        return refusal


def _faults(outcomes: Sequence[Accepted | DomainError]) -> list[Fault]:
    """Return place and reason of every order refused for a reason of its own; the ledger gives one reason for all it judged together."""
    own = {place: each for place, each in enumerate(outcomes) if isinstance(each, DomainError) and not isinstance(each, OthersRefused)}
    if len(set(own.values())) == 1 < len(own):
        return [Fault(pointer="/transfers", detail=_words(next(iter(own.values()))))]
    return [Fault(pointer=f"/transfers/{place}", detail=_words(each)) for place, each in own.items()]


def _words(refusal: DomainError) -> str:
    return f"{refusal.code}: {refusal}"


def _said(outcome: Accepted | DomainError) -> Outcome:
    """Return one outcome as it is answered."""
    if isinstance(outcome, DomainError):
        return Outcome(status="refused", refusal=Refusal(code=outcome.code, title=outcome.title, detail=outcome.detail))
    url = STATUS_URL.format(id=outcome.transfer_id)
    return Outcome(status=outcome.status, id=outcome.transfer_id, kind=outcome.kind, status_url=url)
