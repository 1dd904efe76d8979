"""Typesetting: documents to print and keep, tagged PDFs made by typst from plain values alone."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

_FONTS = Path(__file__).parent / "fonts"


def typeset(*, template: Path, data: Mapping[str, Any], now: datetime) -> bytes:
    """Return the document as a tagged PDF. Nothing that people wrote is read as markup: it travels as JSON.

    It is PDF/UA-1, unless somebody wrote a letter that the font does not have: that standard refuses what cannot be seen.
    """
    text = json.dumps(data)
    try:
        return _compile(template, text, now=now, pdf_standards="ua-1")
    except typst.TypstError:
        return _compile(template, text, now=now)


def _compile(template: Path, data: str, *, now: datetime, **more: Any) -> bytes:
    written = typst.compile(
        str(template),
        root=str(template.parent),
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,  # the same document on every machine
        sys_inputs={"data": data},
        timestamp=now.replace(microsecond=0),
        **more,
    )
    assert isinstance(written, bytes), "one document, not a list of pages"
    return written
