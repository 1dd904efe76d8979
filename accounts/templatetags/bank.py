"""How pages write money, account numbers, names and the words of the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from access.pages import TIED, grouped
from accounts.iban import is_iban
from accounts.permissions import VIEW_CUSTOMER
from accounts.words import WORDS

register = template.Library()
_HIDDEN = "\N{BULLET}" * 4


@register.filter
def money(amount_minor: int | None, currency: str) -> SafeString | str:
    """Write an amount with its currency; a dash where nothing limits it."""
    if amount_minor is None:
        return "\N{EM DASH}"
    return format_html(
        '<span class="money">{}{}<span class="money__currency">{}</span></span>', grouped(amount_minor, currency), TIED, currency
    )


@register.filter
def signed(amount_minor: int, currency: str) -> SafeString:
    """Write an amount that came (+) or went, with its currency."""
    sign, side = ("+", "in") if amount_minor > 0 else ("", "out")
    return format_html(
        '<span class="money money--{}">{}{}{}<span class="money__currency">{}</span></span>',
        side,
        sign,
        grouped(amount_minor, currency),
        TIED,
        currency,
    )


@register.simple_tag(takes_context=True)
def number(context: Context, account: str) -> SafeString:
    """Write an account's number: an IBAN in groups of four, all but its ends hidden from who need not know customers."""
    if not is_iban(account):
        return format_html('<span class="account-number">{}</span>', account)
    groups = [account[place : place + 4] for place in range(0, len(account), 4)]
    if not _knows_customers(context):
        groups = [groups[0], _HIDDEN, groups[-2][-2:] + groups[-1]]
    return format_html('<span class="account-number">{}</span>', TIED.join(groups))


@register.simple_tag(takes_context=True)
def person(context: Context, name: str) -> str:
    """Write a person's name, hidden but for the first letter from who need not know customers."""
    return name if not name or _knows_customers(context) else f"{name[0]}{_HIDDEN}"


@register.filter
def word(value: str) -> str:
    """Write a status, kind or leg as people say it."""
    known = WORDS.get(value)
    return gettext(known) if known else value.replace(".", ": ").replace("-", " ").capitalize()


@register.filter
def fact(value: object) -> str:
    """Write what a question is to be judged by: names in a row, and what a program may order by currency."""
    if isinstance(value, Mapping):
        value = [_limit(minor, currency, name) for currency, limit in value.items() for name, minor in limit.items()] or [gettext("none")]
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


@register.filter
def tag(status: str) -> SafeString:
    """Write a status as a coloured tag; the colour only repeats the word."""
    return format_html('<span class="tag tag--{}">{}</span>', status, word(status))


def _limit(amount_minor: int, currency: str, name: str) -> str:
    words = gettext("{amount} in a transfer") if name == "per_transfer_minor" else gettext("{amount} in a day")
    return words.format(amount=f"{grouped(amount_minor, currency)}{TIED}{currency}")


def _knows_customers(context: Context) -> bool:
    user: Any = context.get("user")
    return user is not None and user.has_perm(VIEW_CUSTOMER)
