"""The orders of one call on their way through the bank: each still stands, or was refused and why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from access.errors import DomainError
from access.models import User
from accounts import ledger
from accounts.errors import AccountUnknown, HoldReserved, TillNotOpen
from accounts.numbers import is_internal, is_till
from accounts.selectors.reach import within_reach
from accounts.selectors.tills import opened_at
from transfers import errors, rules
from transfers.entry import Entry

Check = Callable[[Entry], DomainError | None]
_OVER_THE_COUNTER = frozenset({"deposit", "withdrawal", "reversal"})  # cash of customers, for which a till must be open


class Submission:
    """What became of each order so far, in the order they came: the transfer it would be while it stands, or its first refusal."""

    def __init__(self, drafts: Iterable[Entry | DomainError]) -> None:
        self.outcomes = list(drafts)

    @property
    def standing(self) -> list[Entry]:
        """Return the transfers that nothing has refused yet."""
        return [each for each in self.outcomes if isinstance(each, Entry)]

    def refuse(self, why: Check) -> None:
        """Refuse those that `why` has a reason for."""
        self.outcomes = [(why(each) or each) if isinstance(each, Entry) else each for each in self.outcomes]

    def stand_or_fall_together(self) -> None:
        """Refuse all when one is refused: each for its own reason, or because others were."""
        if any(isinstance(each, DomainError) for each in self.outcomes):
            self.refuse(lambda _: errors.OthersRefused())


def out_of_reach(entries: Sequence[Entry], *, by: User) -> Check:
    """Refuse orders about accounts of customers for whom the user does not act, as if there were no such accounts."""
    reached = within_reach(user=by, numbers={_spoken_for(entry) for entry in entries})
    return lambda entry: None if _spoken_for(entry) in reached else AccountUnknown(account=_spoken_for(entry))


def at_shut_tills(entries: Sequence[Entry]) -> Check:
    """Refuse customers' cash at tills that are not open, read under the lock of their accounts: a count would miss it."""
    opened = open_tills(entry for entry in entries if entry.kind in _OVER_THE_COUNTER)

    def check(entry: Entry) -> DomainError | None:
        shut = _tills_of(entry) - opened.keys() if entry.kind in _OVER_THE_COUNTER else set()
        return TillNotOpen(till=min(shut)) if shut else None

    return check


def open_tills(entries: Iterable[Entry]) -> dict[str, datetime]:
    """Return since when those tills are open that the entries go through; no query where none does."""
    tills = {till for entry in entries for till in _tills_of(entry)}
    return opened_at(tills=tills) if tills else {}


def under_lock(locked: ledger.Locked, *, now: datetime) -> Check:
    """Refuse to capture what another order keeps for its second person, and an order that would wait for its own in vain."""

    def check(entry: Entry) -> DomainError | None:
        captured = locked.holds.get(entry.hold) if entry.hold else None
        if captured is not None and captured.expires_at is None:
            return HoldReserved(hold=str(captured.id))
        if entry.status != rules.AWAITING:
            return None
        steps = rules.booking(entry, group=0, releases_hold=True, spends=entry.kind in rules.SPENDING)
        judged = ledger.judge(steps=steps, locked=locked, at=now)
        return next((outcome for outcome in judged if isinstance(outcome, DomainError)), None)

    return check


def beyond_caps(caps: Mapping[str, rules.DebitCap]) -> Check:
    """Refuse what would lead above what this bank may owe the others; what waits for a second person counts only when it has one."""

    def check(entry: Entry) -> DomainError | None:
        cap = caps.get(entry.currency) if entry.kind == "outgoing" else None
        return cap.refuse(amount_minor=entry.amount_minor, counts=entry.status == rules.PENDING) if cap else None

    return check


def _spoken_for(entry: Entry) -> str:
    """Return the account whose holder an order speaks for: who pays, or who is paid where the bank pays."""
    return entry.creditor_number if is_internal(entry.debtor_number) else entry.debtor_number


def _tills_of(entry: Entry) -> set[str]:
    return {number for number in (entry.debtor_number, entry.creditor_number) if is_till(number)}
