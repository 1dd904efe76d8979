"""What moved through a till during a session, by kind and direction."""

from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum

from accounts.models import Posting
from accounts.selectors.tills import TillRow
from transfers.models import Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class TillMovement:
    """How much came in and went out by one kind of transfer; a session's postings are one range of its account's places."""

    kind: str
    count: int
    in_minor: int
    out_minor: int


def till_movements(*, till: TillRow) -> list[TillMovement]:
    """Return what moved since the till was opened, until it was counted or now; a difference that was booked is not among it."""
    into = Posting.objects.filter(debit_account=till.account_id, debit_seq__gt=till.opened_seq)  # debiting a drawer puts cash into it
    out_of = Posting.objects.filter(credit_account=till.account_id, credit_seq__gt=till.opened_seq)
    if till.counted_seq is not None:
        into, out_of = into.filter(debit_seq__lte=till.counted_seq), out_of.filter(credit_seq__lte=till.counted_seq)
    came, went = _summed(into), _summed(out_of)
    return [
        TillMovement(
            kind=kind,
            count=came.get(kind, (0, 0))[0] + went.get(kind, (0, 0))[0],
            in_minor=came.get(kind, (0, 0))[1],
            out_minor=went.get(kind, (0, 0))[1],
        )
        for kind in sorted(came.keys() | went.keys())
    ]


def _summed(postings: QuerySet[Posting]) -> dict[str, tuple[int, int]]:
    """Return count and sum of the postings by the kind of their transfer."""
    kind = Subquery(Transfer.objects.filter(id=OuterRef("transfer_id")).values("kind"))
    rows = postings.annotate(kind=kind).values("kind").annotate(count=Count("id"), total=Sum("amount_minor")).order_by("kind")
    return {name: (count, int(total)) for name, count, total in rows.values_list("kind", "count", "total")}
