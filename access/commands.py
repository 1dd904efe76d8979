"""What the bank's commands share: refusals in one line that says what to do, and the person who is answerable."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from access.database_errors import first_line, is_unavailable
from access.errors import DomainError

_LONGEST = 200  # characters, as wide as the columns that keep it


class BankCommand(BaseCommand):
    """A command of this bank: what refuses it is said in one line on stderr, with exit code 1."""

    refused_by: tuple[type[Exception], ...] = ()  # beside DomainError: OSError where files are read or written

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run it; what refuses it is raised as CommandError."""
        refusals: tuple[type[Exception], ...] = (DomainError, *self.refused_by)
        try:
            return super().execute(*args, **options)
        except refusals as refusal:
            raise CommandError(str(refusal)) from refusal
        except Error as error:
            if not is_unavailable(error):
                raise
            raise CommandError(f"The database is not available ({first_line(error)}). Run the command again when it is.") from error

    def say_whether(self, done: bool) -> None:  # noqa: FBT001  # what the service of two persons returns
        """Say on stdout whether the second of two persons has spoken."""
        self.stdout.write("done" if done else "asked: a second person must give the same command")


def _reason(text: str) -> str:
    if len(text) > _LONGEST:
        raise ArgumentTypeError(f"say it in at most {_LONGEST} characters, these are {len(text)}")
    return text


def add_person(parser: ArgumentParser, *, with_reason: bool = True, is_required: bool = True) -> None:
    """Let the command name who is answerable for it, and why it is given."""
    if with_reason:
        parser.add_argument("--reason", required=is_required, type=_reason, help=f"at most {_LONGEST} characters, kept in the audit trail")
    parser.add_argument("--as", dest="username", required=is_required, metavar="USER")
