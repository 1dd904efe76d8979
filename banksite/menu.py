"""Where the pages lead: one row of links, of which each user sees those that are theirs."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.pages import user_of
from access.site import this_bank


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A link of the menu as one page shows it."""

    label: str | Promise
    address: str
    is_here: bool


@dataclass(frozen=True, kw_only=True)
class Item:
    """A link: the route it leads to and the permission it takes, "" for every member of staff."""

    label: str | Promise
    route: str
    permission: str = ""


_DESK = Item(label=_("Desk"), route="home")
_ADMINISTRATION = Item(label=_("Administration"), route="admin:index")
BANK: tuple[Item, ...] = (
    _DESK,
    Item(label=_("Transfers"), route="transfers:list", permission="transfers.view_transfer"),
    Item(label=_("Payment files"), route="transfers:files", permission="transfers.view_transfer"),
    Item(label=_("Approvals"), route="approvals-waiting", permission="access.view_approval"),
    Item(label=_("Till"), route="transfers:till", permission="transfers.run_till"),
    Item(label=_("End of day"), route="transfers:today", permission="transfers.close_day"),
    _ADMINISTRATION,
)
HEAD_BANK: tuple[Item, ...] = (_DESK, Item(label=_("Settlements"), route="settlements", permission="headbank.view_window"), _ADMINISTRATION)


def entries(request: HttpRequest) -> list[Entry]:
    """Return the links of a member of staff; the one under which the page lies is marked."""
    user = user_of(request)
    items = HEAD_BANK if this_bank().is_head_bank else BANK
    shown = [(item, reverse(item.route)) for item in items if user.is_staff and (not item.permission or user.has_perm(item.permission))]
    return [Entry(label=item.label, address=address, is_here=_is_under(request.path, address)) for item, address in shown]


def _is_under(path: str, address: str) -> bool:
    """Return whether a page lies at or below an address; everything lies below the first page, which counts for itself alone."""
    return path == address if address == "/" else path == address or path.startswith(f"{address.rstrip('/')}/")
