"""What the register says, as the directory carries it and as staff see it."""

from datetime import datetime
from typing import Annotated, Literal, cast

import msgspec
from django.db.models import Count, Q

from headbank.errors import BankUnknown
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


def keys_from(*, key_id: str) -> list[str]:
    """Return the keys in force that were announced under this one, or under a key that came from it, oldest first."""
    keys = BankKey.objects.filter(bank__keys=key_id).order_by("announced_at", "key_id")
    under: dict[str, list[str]] = {}
    for key in keys:
        under.setdefault(key.announced_by, []).append(key.key_id)
    came, waiting = set[str](), [key_id]
    while waiting:
        found = under.pop(waiting.pop(), [])
        came.update(found)
        waiting += found
    return [key.key_id for key in keys if key.key_id in came and key.revoked_at is None]


class BankRow(msgspec.Struct, frozen=True, kw_only=True):
    """A bank of the register; `debit_caps` is what it may owe all others together, by currency, in minor units."""

    code: str
    name: str
    status: str
    contact: str
    site_url: str
    api_url: str
    partitions: int
    debit_caps: dict[str, int]
    registered_at: Annotated[datetime, msgspec.Meta(tz=True)]


class KeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a bank; `announced_by` is the bank's own key that vouched for it, empty where people did."""

    key_id: str
    public_key: str
    announced_by: str
    announced_at: Annotated[datetime, msgspec.Meta(tz=True)]
    revoked_at: Annotated[datetime, msgspec.Meta(tz=True)] | None


class BankShown(BankRow, frozen=True, kw_only=True):
    """A bank of the register with all its keys, oldest first."""

    keys: list[KeyShown]


def find_banks(*, text: str = "", status: str = "", after: str = "", limit: int) -> list[BankRow]:
    """Return banks by code, from behind the one named: those with part of the name or the beginning of the code, with the status."""
    found = Bank.objects.filter(code__gt=after).order_by("code")
    if text:
        found = found.filter(Q(name__icontains=text) | Q(code__startswith=text.upper()))
    if status:
        found = found.filter(status=status)
    return [BankRow(**row) for row in found.values(*BankRow.__struct_fields__)[:limit]]


def bank_by_code(*, code: str) -> BankShown:
    """Return a bank with its keys; raise BankUnknown."""
    row = Bank.objects.filter(code=code).values(*BankRow.__struct_fields__).first()
    if row is None:
        raise BankUnknown(bank=code)
    keys = BankKey.objects.filter(bank=code).order_by("announced_at", "key_id").values(*KeyShown.__struct_fields__)
    return BankShown(**row, keys=[KeyShown(**key) for key in keys])
