"""What the address of a list may ask for: its filters, the links that lead to it, its search box and a page.

Django's own rule lets an address compare any column of the model in any way: whoever sees a list could guess a column that the list hides
or masks, letter by letter. Here a name that the list does not declare never reaches the database.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.admin.filters import EmptyFieldListFilter, SimpleListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR, SEARCH_VAR
from django.db import models
from django.http import QueryDict

MOST_PAGES = 2_000  # a page further on makes the database read and drop everything before it
MOST_WORDS = 8  # of a search: each is compared with every name
_PLAIN = frozenset({SEARCH_VAR, PAGE_VAR, ERROR_FLAG})


def declared(model: type[models.Model], filters: Iterable[Any], links: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the parameters that the filters and links of a list use."""
    return frozenset({*_PLAIN, *links, *(name for each in filters for name in _names(model, each))})


def split(given: QueryDict, *, known: frozenset[str]) -> tuple[QueryDict, list[str]]:
    """Return of an address's parameters those a list knows, and the names of the others."""
    kept, unknown = QueryDict(mutable=True), []
    for name, values in given.lists():
        if name in known and all(_is_readable(name, value) for value in values):
            kept.setlist(name, values)
        else:
            unknown.append(name)
    return kept, unknown


def written(names: Iterable[str]) -> str:
    """Return names that somebody else wrote, short enough for a message."""
    return ", ".join(name[:60] for name in list(names)[:3])


def _names(model: type[models.Model], each: Any) -> list[str]:
    if isinstance(each, type) and issubclass(each, SimpleListFilter):
        return [str(each.parameter_name)]
    path, kind = each if isinstance(each, tuple) else (each, None)
    if kind is EmptyFieldListFilter:
        return [f"{path}__isempty"]
    field: Any = get_fields_from_path(model, path)[-1]
    return [f"{path}__{field.target_field.name}__exact", f"{path}__isnull"] if field.is_relation else [f"{path}__exact"]


def _is_readable(name: str, value: str) -> bool:
    """Return whether a value can be given to the database, and is one that a page of ours would ask for."""
    if name == PAGE_VAR:
        return value.isascii() and value.isdigit() and len(value) <= len(str(MOST_PAGES)) and 1 <= int(value) <= MOST_PAGES
    return "\0" not in value and len(value) <= 500  # the longest that links have is 80
