"""What the banks say about themselves, as the supervisor reads it."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec

from banksite.demo.payments import Account


class TransferCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many transfers ended the same way."""

    kind: str
    status: str
    reason: str
    currency: str
    number: int
    amount_minor: int


class OwnAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One of the bank's own accounts."""

    number: str
    currency: str
    balance_minor: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A bank in figures: the document of its command `figures`."""

    bank: str
    directory: int
    peers: tuple[str, ...]
    pending: int
    dead_letters: int
    transfers: tuple[TransferCount, ...]
    own_accounts: tuple[OwnAccount, ...]
    customer_accounts: tuple[Account, ...] = ()

    def count(self, kind: str, status: str = "") -> int:
        """Return how many transfers there are of a kind, with this status where one is given."""
        return sum(each.number for each in self.transfers if each.kind == kind and status in {"", each.status})

    def amount_minor(self, kind: str, status: str, currency: str) -> int:
        """Return their sum in one currency."""
        found = (each for each in self.transfers if (each.kind, each.status, each.currency) == (kind, status, currency))
        return sum(each.amount_minor for each in found)

    def reasons(self, kind: str, status: str) -> Counter[str]:
        """Return how many there are of each reason."""
        found = [each for each in self.transfers if (each.kind, each.status) == (kind, status)]
        return sum((Counter({each.reason: each.number}) for each in found), Counter())

    def since(self, earlier: "Figures") -> "Figures":
        """Return what came since earlier figures of the same bank; balances, what waits and dead letters stay as they are now."""
        before = {(each.kind, each.status, each.reason, each.currency): each for each in earlier.transfers}
        return msgspec.structs.replace(self, transfers=tuple(filter(None, (_grown(each, before) for each in self.transfers))))

    def clearing(self) -> dict[tuple[str, str], int]:
        """Return the balances of its clearing accounts by other bank and currency."""
        names = [(account.number.split("."), account.balance_minor) for account in self.own_accounts]
        return {(name[1], name[2]): balance for name, balance in names if name[0] == "CLEARING"}


def _grown(count: TransferCount, before: Mapping[tuple[str, str, str, str], TransferCount]) -> TransferCount | None:
    """Return by how much a count grew, None when it did not."""
    known = before.get((count.kind, count.status, count.reason, count.currency))
    if known is None:
        return count
    grown = msgspec.structs.replace(count, number=count.number - known.number, amount_minor=count.amount_minor - known.amount_minor)
    return grown if grown.number else None


def read(text: str) -> Figures:
    """Return the document; raise msgspec.DecodeError when it is none."""
    return msgspec.json.decode(text, type=Figures)


def newest(file: Path) -> Figures | None:
    """Return the last complete line of a file of figures, None while there is none."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    complete = [line for line in lines[-2:] if line.endswith("\n")]
    return read(complete[-1]) if complete else None
