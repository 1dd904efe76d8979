#!/usr/bin/env python
"""Run an administrative command of this bank."""

import os
import sys


def main() -> None:
    """Hand the command line to Django with this site's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banksite.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415  # the settings must be named first

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
