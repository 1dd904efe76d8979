"""Searching a list: whole words by the indexes of their columns, parts of names by reading through."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from access.admin.parameters import MOST_WORDS


def matching(rows: models.QuerySet[Any], *, fields: Sequence[str], text: str, also: Sequence[Q] = ()) -> models.QuerySet[Any]:
    """Return those rows in one of whose fields the text is found, and those that fit one of the conditions in `also`.

    In a field that is named with `=` it is the whole text, as it is or without spaces in capitals or small letters, which an index that
    begins with the field finds; in the others each word of it is a part.
    """
    every = rows.model._default_manager.order_by().values("pk")  # noqa: SLF001  # Django's documented name for it
    parts = [name for name in fields if not name.startswith("=")]
    found = [every.filter(_is_whole(rows.model, name.removeprefix("="), text)) for name in fields if name.startswith("=")]
    found += [every.filter(condition) for condition in also]
    if parts:
        found.append(
            every.filter(*(Q.create([(f"{name}__icontains", word) for name in parts], Q.OR) for word in text.split()[:MOST_WORDS]))
        )
    return rows.filter(pk__in=found[0].union(*found[1:]) if len(found) > 1 else found[0])


def _is_whole(model: type[models.Model], name: str, text: str) -> Q:
    """Return the condition that the text is the field's value, in one of the ways in which it may have been typed."""
    field = get_fields_from_path(model, name)[-1]
    compact = "".join(text.split())
    values = []
    for typed in dict.fromkeys((text, compact.upper(), compact.lower())):
        with suppress(ValidationError):  # what is no id is found elsewhere or nowhere
            values.append(getattr(field, "target_field", field).to_python(typed))
    return Q.create([(name, value) for value in values], Q.OR) if values else Q(pk__in=[])
