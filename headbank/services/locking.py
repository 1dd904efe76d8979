"""Who may touch the register, and in what order its rows are locked: banks by code, then keys."""

from access.models import User
from access.permissions import require
from access.site import this_bank
from headbank.errors import BankClosed, BankUnknown, NotTheHeadBank
from headbank.models import Bank

Status = Bank.Status


def permit(*, by: User, permission: str, reason: str | None = None) -> None:
    """Raise NotAllowed, NotTheHeadBank, or ReasonMissing for a reason that says nothing."""
    require(by=by, permission=permission, reason=reason)
    if not this_bank().is_head_bank:
        raise NotTheHeadBank(bank=this_bank().code)


def lock_register() -> None:
    """Lock every bank, so that what is announced is what the register says when the transaction ends."""
    list(Bank.objects.select_for_update(no_key=True).order_by("code").values_list("code"))


def lock_open(code: str) -> Bank:
    """Return the bank with its row locked; raise BankUnknown, BankClosed."""
    bank = Bank.objects.select_for_update(no_key=True).filter(code=code).first()
    if bank is None:
        raise BankUnknown(bank=code)
    if bank.status == Status.CLOSED:
        raise BankClosed(bank=code)
    return bank
