"""What the bank's own accounts can pay."""

from collections.abc import Collection

from accounts.models import Account


def cover_of(*, numbers: Collection[str]) -> dict[str, int]:
    """Return how much can leave each of these accounts, as it is now, unlocked; one without a floor or not yet opened is absent."""
    found = Account.objects.filter(number__in=list(numbers), floor_minor__isnull=False)
    rows = found.values_list("number", "balance_minor", "held_minor", "floor_minor")
    return {number: balance - held - (floor or 0) for number, balance, held, floor in rows}
