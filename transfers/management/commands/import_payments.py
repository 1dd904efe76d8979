"""Book a payments file."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from access.commands import BankCommand
from access.errors import DomainError
from access.models import User
from access.progress import shown
from transfers.payments_file import OutcomeRow
from transfers.services.import_payments import import_payments


class Command(BankCommand):
    help = (
        "Book every payment of a CSV file and write what became of each line beside it; reading a file again books nothing twice. "
        "Exits with 3 when a line was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--as", required=True, dest="user", metavar="USER", help="the user who orders the payments")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {options['user']}; name one with --as.")
        counts: Counter[str] = Counter()
        try:
            with shown(title=path.name, total=path.stat().st_size) as report:

                def progress(done: int, rows: Sequence[OutcomeRow]) -> None:
                    counts.update(row[2] for row in rows)
                    report(done, f"{counts.total()} lines, {counts['refused']} refused")

                outcomes = import_payments(path=path, by=user, clock=timezone.now, progress=progress)
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        said = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
        self.stdout.write(f"{outcomes}: {said or 'no payments: the file has only its heading'}")
        if counts["refused"]:
            raise SystemExit(3)
