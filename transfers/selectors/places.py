"""Where money would go: the account number alone says which bank, and the directory what that bank is called."""

from dataclasses import dataclass

from access.site import this_bank
from accounts.errors import AccountUnknown
from accounts.iban import bank_code_of
from accounts.selectors import account_by_number
from messaging.selectors import peers


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A bank, as the directory knows it: `status` is active, suspended, closed or unknown; `holder` is known here alone."""

    code: str
    name: str
    status: str
    is_ours: bool
    holder: str = ""


def place_of(*, number: str, knows_names: bool) -> Place | None:
    """Return the bank that keeps the account, None when the text is no IBAN; the holder's name for who may know it."""
    code = bank_code_of(number)
    if code is None:
        return None
    site = this_bank()
    if code == site.code:
        return Place(code=code, name=site.name, status="active", is_ours=True, holder=_holder(number) if knows_names else "")
    peer = peers(codes=[code]).get(code)
    return Place(code=code, name=peer.name if peer else code, status=peer.status if peer else "unknown", is_ours=False)


def _holder(number: str) -> str:
    try:
        return account_by_number(number=number).holder_name
    except AccountUnknown:
        return ""
