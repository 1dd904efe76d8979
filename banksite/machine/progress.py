"""Progress lines: on stderr, so that stdout stays data."""

import sys


def say(subject: str, text: str) -> None:
    """Write one line of progress."""
    print(f"{subject}: {text}", file=sys.stderr, flush=True)
