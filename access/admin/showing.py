"""Small pieces of lists: amounts, links to other lists, the colours of states, filters that need no look at a table."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

Method = TypeVar("Method", bound=Callable[..., str])
_STATES: Mapping[str, str] = {
    "success": "open active completed credited approved placed redriven captured booked delivered agreed",
    "info": "pending waiting awaiting-approval redriving applied collecting proposed asked",
    "warning": "frozen suspended blocked expired cancelled released paused failing withdrawn",
    "danger": "rejected refused failed broken",
}
COLOURS: Mapping[str, str] = {state: colour for colour, states in _STATES.items() for state in states.split()}


def coloured(description: str) -> Callable[[Method], Method]:
    """Make a method of a BankAdmin a column of states, each in its colour."""

    def decorate(method: Method) -> Method:
        vars(method).update(short_description=description, label=COLOURS)  # as Unfold's own decorator, which ships no types
        return method

    return decorate


def once(method: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Make a method of a BankAdmin answer once for each row it is asked about: a page asks for what it shows several times."""

    @wraps(method)
    def answer(shown_by: Any, row: Any) -> Any:
        known = vars(row).setdefault("shown", {})
        if method.__name__ not in known:
            known[method.__name__] = method(shown_by, row)
        return known[method.__name__]

    return answer


def amount(text: str) -> SafeString:
    """Return an amount that stands at the right of its column, digit under digit."""
    return format_html('<span class="amount">{}</span>', text)


def link_to(model: type[models.Model], key: object, text: object) -> SafeString:
    """Return a link to the page of a row."""
    opts = model._meta
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[key]), text)


def list_link(model: type[models.Model], text: object, **filters: object) -> SafeString:
    """Return a link to a list, narrowed."""
    return format_html('<a href="{}">{}</a>', list_address(model, **filters), text)


def list_address(model: type[models.Model], **filters: object) -> str:
    """Return the address of a list, narrowed."""
    opts = model._meta
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address


def one_of(field: str, values: Callable[[], Iterable[str]], *, title: str = "") -> type[admin.SimpleListFilter]:
    """Return a filter by the values a field can have: Django's own would look through the whole table for them."""

    class OneOf(admin.SimpleListFilter):
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002  # Django passes them
            return [(value, value) for value in values()]

        def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002  # Django passes them
            return queryset.filter(**{field: self.value()}) if self.value() else None

    OneOf.title = title or field.replace("_", " ")
    return OneOf


def a_day_ago(now: datetime) -> datetime:
    """Return when the first of the last 24 clock hours began, the present one being the last."""
    return timezone.localtime(now).replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)


def midnight(now: datetime) -> datetime:
    """Return when the local day began."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def first_id_at(moment: datetime) -> UUID:
    """Return what every uuid7 made since the moment is at least."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


class Since(admin.SimpleListFilter):
    """Rows of the last days, as a range of their ids: a uuid7 begins with its time (RFC 9562 section 5.7)."""

    title = "time"
    parameter_name = "since"
    ranges: Mapping[str, tuple[str, Callable[[datetime], datetime]]] = {
        "today": ("today", midnight),
        "day": ("last 24 hours", a_day_ago),
        "week": ("last 7 days", lambda now: midnight(now) - timedelta(days=6)),
        "month": ("last 30 days", lambda now: midnight(now) - timedelta(days=29)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002  # Django passes them
        """Name the ranges."""
        return [(value, text) for value, (text, _) in self.ranges.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002  # Django passes them
        """Narrow to the range."""
        if self.value() not in self.ranges:
            return None
        return queryset.filter(pk__gte=first_id_at(self.ranges[str(self.value())][1](timezone.now())))
