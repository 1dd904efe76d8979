"""What the register says, as the directory carries it."""

from typing import Literal, cast

from django.db.models import Count

from headbank.models import Bank, BankKey
from messaging import events

Standing = Literal["active", "suspended", "closed"]  # Bank.Status, as the wire spells it


def banks_by_status() -> dict[str, int]:
    """Return how many banks of the register have each status."""
    found = dict(Bank.objects.order_by().values_list("status").annotate(number=Count("code")))
    return {str(status): found.get(status, 0) for status in Bank.Status.values}


def banks_without_key() -> int:
    """Return how many active banks have no key in force, so that nothing they say counts."""
    return Bank.objects.filter(status=Bank.Status.ACTIVE).exclude(keys__in=BankKey.objects.filter(revoked_at__isnull=True)).count()


def banks_of_directory() -> tuple[events.Bank, ...]:
    """Return every bank that is more than an applicant, with all its keys, revoked ones included, in the order of their codes."""
    keys: dict[str, list[events.BankKey]] = {}
    for key in BankKey.objects.order_by("announced_at", "key_id"):
        announced = events.BankKey(id=key.key_id, public_key=key.public_key, revoked=key.revoked_at is not None)
        keys.setdefault(key.bank_id, []).append(announced)
    return tuple(
        events.Bank(
            code=bank.code,
            name=bank.name,
            topic=bank.topic,
            partitions=bank.partitions,
            status=cast(Standing, bank.status),
            keys=tuple(keys.get(bank.code, ())),
            debit_caps=bank.debit_caps,
        )
        for bank in Bank.objects.exclude(status=Bank.Status.APPLIED).order_by("code")
    )
