"""Booking lines of a payments file, the keys of the lines in the same transaction: reading a line again books nothing twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from access import idempotency
from access.errors import DomainError
from access.idempotency import Fresh, Repeated
from access.models import User
from transfers import errors, rules
from transfers.models import Transfer
from transfers.orders import Accepted, Payment
from transfers.payments_file import Line
from transfers.services.submit import submit

PRINCIPAL = "payments-file"  # a payment is the same whoever brings the file


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOutcome:
    """What became of a line: a transfer's status, `repeated`, or `refused` and why."""

    line: Line
    outcome: str
    transfer_id: str = ""
    refusal: DomainError | None = None


def book_lines(lines: Sequence[Line], *, by: User, now: datetime) -> list[LineOutcome]:
    """Claim the keys, book what is fresh, keep the keys of what was accepted and give back those of what was refused.

    Runs inside the caller's transaction, the whole of which is done again after a transient error. Raises NotAllowed.
    """
    orders = [line for line in lines if isinstance(line.order, Payment)]
    claims = idempotency.once_each(principal=PRINCIPAL, keys=[(line.key, line.fingerprint) for line in orders])
    fresh = [line for line, claim in zip(orders, claims, strict=True) if isinstance(claim, Fresh)]
    booked = submit(orders=[line.order for line in fresh if isinstance(line.order, Payment)], by=by, now=now)
    outcome_of = {line.key: outcome for line, outcome in zip(fresh, booked, strict=True)}
    accepted = {key: {"transfer_id": str(outcome.transfer_id)} for key, outcome in outcome_of.items() if isinstance(outcome, Accepted)}
    idempotency.keep(principal=PRINCIPAL, bodies=accepted)
    idempotency.forget(principal=PRINCIPAL, keys=outcome_of.keys() - accepted.keys())
    claim_of = {line.number: claim for line, claim in zip(orders, claims, strict=True)}
    ended = _ended([claim.body for claim in claims if isinstance(claim, Repeated)])
    return [_outcome(line, claim_of.get(line.number), outcome_of, ended) for line in lines]


def _ended(bodies: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Return status and reason of those transfers, by id, that moved nothing in the end; no query when nothing is repeated."""
    ids = [body["transfer_id"] for body in bodies if "transfer_id" in body]
    if not ids:
        return {}
    rows = Transfer.objects.filter(id__in=ids, status__in=(rules.REFUSED, rules.REJECTED, rules.CANCELLED))
    return {str(id_): (status, reason) for id_, status, reason in rows.values_list("id", "status", "reason")}


def _outcome(
    line: Line,
    claim: Fresh | Repeated | DomainError | None,
    outcome_of: Mapping[str, Accepted | DomainError],
    ended: Mapping[str, tuple[str, str]],
) -> LineOutcome:
    """Return what became of a line."""
    if isinstance(line.order, DomainError):
        return LineOutcome(line=line, outcome="refused", refusal=line.order)
    if isinstance(claim, DomainError):
        return LineOutcome(line=line, outcome="refused", refusal=claim)
    outcome = outcome_of.get(line.key)
    if isinstance(claim, Repeated) and not isinstance(outcome, DomainError):
        transfer_id = str(outcome.transfer_id) if outcome else str(claim.body.get("transfer_id", ""))
        if transfer_id in ended:
            status, reason = ended[transfer_id]
            refusal = errors.PaymentEnded(end_to_end_id=line.end_to_end_id, status=status, reason=reason)
            return LineOutcome(line=line, outcome="refused", transfer_id=transfer_id, refusal=refusal)
        return LineOutcome(line=line, outcome="repeated", transfer_id=transfer_id)
    assert outcome is not None, "a line whose key was free was judged"
    if isinstance(outcome, DomainError):
        return LineOutcome(line=line, outcome="refused", refusal=outcome)
    return LineOutcome(line=line, outcome=outcome.status, transfer_id=str(outcome.transfer_id))
