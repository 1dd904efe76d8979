"""The one rule for text that crosses a boundary of the bank: forms, the API, files, messages and the admin.

Text is composed (Unicode NFC). It holds no control characters, nothing that turns the direction of writing around, nothing invisible, no
line or paragraph separators, and no code points that are no characters. Zero-width joiners are kept in names and free text, because words
of Persian and Indic languages and many emoji need them, and refused in ids, where two that look alike would be two.
Programs, files and messages are refused with what is wrong; what a person typed or pasted into a page is cleaned.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_UNSAFE = (
    r"\x00-\x1f\x7f-\x9f"  # control characters
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # invisible letters and marks
    r"\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # zero width, separators, overrides and isolates of direction
    r"\u3164\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\ufdd0-\ufdef"  # invisible again, surrogates, no characters
    r"\U000e0000-\U000e0fff" + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(1, 17))  # tags
)
_JOINERS = r"\u200c\u200d"
SAFE = rf"\A[^{_UNSAFE}]*\Z"
SAFE_ID = rf"\A[^{_UNSAFE}{_JOINERS}]*\Z"

_safe, _safe_id = re.compile(SAFE), re.compile(SAFE_ID)
_unsafe, _unsafe_in_form = re.compile(f"[{_UNSAFE}]"), re.compile(rf"(?![\t\r\n])[{_UNSAFE}]")
_SPACES = re.compile(r"[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")


def is_safe(text: str) -> bool:
    """Return whether a name or a free text may be kept."""
    return _safe.match(text) is not None


def is_safe_id(text: str) -> bool:
    """Return whether a text may tell things from each other."""
    return _safe_id.match(text) is not None


def composed(text: str) -> str:
    """Return a text in NFC: the same letters in the same code points, however they were typed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """Return a name or an id composed, without spaces around it, and with single spaces in it."""
    return _SPACES.sub(" ", composed(text)).strip(" ")


def cleaned(text: str) -> str:
    """Return a text of another bank composed and without what may not be kept."""
    return composed(_unsafe.sub("", text))


def cleaned_of_form(text: str) -> str:
    """Return what a person typed composed and without what may not be kept; tabs and new lines are the field's own matter."""
    return text if text.isascii() and text.isprintable() else composed(_unsafe_in_form.sub("", text))


def composed_json(value: Any, *, path: str = "") -> Any:
    """Return JSON's values with every text composed; raises ValueError with the JSON pointer of a text that is not safe."""
    if isinstance(value, str):
        if not is_safe(value):
            raise ValueError(path)
        return composed(value)
    if isinstance(value, Mapping):
        return {
            composed_json(name, path=path): composed_json(each, path=f"{path}/{name.replace('~', '~0').replace('/', '~1')}")
            for name, each in value.items()
        }
    return [composed_json(each, path=f"{path}/{place}") for place, each in enumerate(value)] if isinstance(value, list) else value
