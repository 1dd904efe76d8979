#!/usr/bin/env python
"""Run an administrative command of this bank."""

import os
import sys


def main() -> None:
    """Hand the command line to Django with this site's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banksite.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415  # the settings must be named first

    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        from access.database_errors import first_line, is_unavailable  # noqa: PLC0415  # as above

        if not is_unavailable(error):
            raise
        sys.exit(f"The database is not available ({first_line(error)}). Run the command again when it is.")


if __name__ == "__main__":
    main()
