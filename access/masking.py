"""Hiding customers from those who need not know them: names and account numbers in rows that are about something else."""

import re
from typing import Any

from django.db import models

_IBAN = re.compile(r"\b([A-Z]{2}[0-9]{2})[A-Z0-9]{7,26}([A-Z0-9]{4})\b")
_PERSONAL = re.compile(r"(^|_)(name|phone|email|reference|purpose)$")
_SHOWN = 4
HIDDEN = "\N{BULLET}" * 4


def masked(value: Any) -> Any:
    """Return JSON or text in which account numbers keep their ends, and what names a person or is their own words is gone."""
    if isinstance(value, str):
        return _IBAN.sub(rf"\1{HIDDEN}\2", value)
    if isinstance(value, list):
        return [masked(each) for each in value]
    if isinstance(value, dict):
        return {key: HIDDEN if _PERSONAL.search(str(key)) and each else masked(each) for key, each in value.items()}
    return value


def ends_of(text: str) -> str:
    """Return a text of which nobody is to know more than how it begins and ends; a short one is hidden altogether."""
    return f"{text[:_SHOWN]}{HIDDEN}{text[-_SHOWN:]}" if len(text) >= 4 * _SHOWN else HIDDEN


def shorten(row: models.Model, fields: tuple[str, ...]) -> None:
    """Leave only the ends of the fields of a row that is only looked at."""
    for field in fields:
        setattr(row, field, ends_of(getattr(row, field)))


def veil(row: models.Model, fields: tuple[str, ...]) -> None:
    """Mask the fields of a row that is only looked at."""
    for field in fields:
        setattr(row, field, masked(getattr(row, field)))
