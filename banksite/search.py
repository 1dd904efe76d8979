"""What the one box finds, over all apps."""

from dataclasses import dataclass

import accounts.selectors
import transfers.selectors
from access.models import User
from accounts import iban
from accounts.permissions import VIEW_CUSTOMER
from accounts.selectors import Found
from transfers.entry import Entry
from transfers.permissions import VIEW

_LIMIT = 20


@dataclass(frozen=True, kw_only=True)
class Everything:
    """What was found: people and their accounts and cards, and transfers."""

    ledger: Found
    transfers: list[Entry]

    @property
    def count(self) -> int:
        """Return how many things were found."""
        return len(self.ledger.customers) + len(self.ledger.accounts) + len(self.ledger.cards) + len(self.transfers)


def find(*, text: str, by: User) -> Everything:
    """Return what fits the text and the user may see; at most 20 of each kind."""
    may_know = by.has_perm(VIEW_CUSTOMER)
    nothing = Found(customers=[], accounts=[], cards=[])
    ledger = accounts.selectors.search(text=text, reach=by, limit=_LIMIT) if may_know else nothing
    is_ours = any(account.number == _compact(text) for account in ledger.accounts)
    return Everything(ledger=ledger, transfers=_transfers(text, by) if by.has_perm(VIEW) and not is_ours else [])


def _transfers(text: str, by: User) -> list[Entry]:
    """Return the transfers that are called so, or those with an account at another bank."""
    number = _compact(text)
    if iban.is_iban(number):
        return transfers.selectors.transfers_before(by=by, account=number, limit=_LIMIT)
    return transfers.selectors.transfers_named(text=text, by=by)


def _compact(text: str) -> str:
    return text.replace(" ", "").upper()
