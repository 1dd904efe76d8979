"""Opening the bank's own accounts."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction

from access.site import this_bank
from accounts import ledger
from accounts.errors import LimitInUse
from accounts.models import STRIPES, Account, BalanceStripe
from accounts.money import exponent
from accounts.numbers import Internal, Kind, parse

_STRIPED = frozenset({Kind.CASH, Kind.CLEARING, Kind.FEES})


def open_internal_accounts(*, numbers: Collection[str], now: datetime) -> None:
    """Open those of the bank's own accounts that do not exist yet; safe to repeat and to run from many processes at once.

    Raises ValueError for a text that names no internal account, CurrencyUnknown for no currency.
    """
    meant = {number: parse(number) for number in numbers}
    accounts = [_account(number, internal, now) for number, internal in sorted(meant.items())]
    with transaction.atomic():
        Account.objects.bulk_create(accounts, ignore_conflicts=True)
        striped = Account.objects.filter(number__in=numbers, striped=True).order_by("id").values_list("id", flat=True)
        stripes = [BalanceStripe(account_id=account, stripe=stripe) for account in striped for stripe in range(STRIPES[connection.vendor])]
        BalanceStripe.objects.bulk_create(stripes, ignore_conflicts=True)


def set_cover(*, number: str, cover_minor: int, now: datetime) -> int:
    """Let one of the bank's own accounts go this far below zero, opening it if need be; return how far it might go before.

    Raises LimitInUse.
    """
    with transaction.atomic():
        open_internal_accounts(numbers=[number], now=now)
        account = ledger.lock(numbers=[number]).accounts[number]
        used = account.held - account.balance
        if used > cover_minor:
            raise LimitInUse(account=number, limit_minor=cover_minor, used_minor=used, currency=account.currency)
        Account.objects.filter(id=account.id).update(floor_minor=-cover_minor)
    return -(account.floor or 0)


def _account(number: str, internal: Internal | None, now: datetime) -> Account:
    if internal is None:
        raise ValueError(f"{number} names no account of the bank itself")
    exponent(internal.currency)
    return Account(
        number=number,
        kind=internal.kind,
        currency=internal.currency,
        holder_name=this_bank().name[:70],
        striped=internal.kind in _STRIPED,
        floor_minor=0 if internal.kind == Kind.SETTLEMENT and internal.owner else None,  # a bank pays what it has, until it is given cover
        ceiling_minor=0 if internal.kind == Kind.TILL else None,  # cash in a drawer is a debit balance: it pays out what it holds
        opened_at=now,
    )
