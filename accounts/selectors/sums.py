"""What all balances come to."""

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from accounts.models import Account


def sums_of_balances() -> dict[str, int]:
    """Return the sum of all balances by currency, zero while the books balance, in one statement, so that no payment is seen by half.

    A striped account has its balance in its stripes and 0 in its own row; an ordinary one has no stripes: so none counts twice.
    It reads every account, but no history.
    """
    in_stripes = Coalesce(F("stripes__credits_minor") - F("stripes__debits_minor"), 0)
    rows = Account.objects.order_by("currency").values_list("currency").annotate(sum=Sum(F("balance_minor") + in_stripes))
    return {currency: int(total) for currency, total in rows}
