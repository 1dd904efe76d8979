"""What is written for spreadsheets, which run a cell that begins like a formula, whoever wrote it."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_text(text: str) -> str:
    """Return a cell that is only shown: an apostrophe stands before what would be run."""
    return f"'{text}" if text.startswith(_FORMULA) else text
