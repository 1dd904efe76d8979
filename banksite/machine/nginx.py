"""nginx, from Debian."""

from pathlib import Path

from banksite.machine import apt


def ensure_nginx() -> Path:
    """Return the program, installed when the machine has none."""
    return apt.ensure_program("nginx", package="nginx-light", provides="nginx")
