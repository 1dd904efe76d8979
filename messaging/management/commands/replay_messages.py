"""Read the letter box again."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.utils import timezone

from access.commands import BankCommand
from messaging import services


def _place(text: str) -> tuple[int, int]:
    partition, _, offset = text.partition(":")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise ArgumentTypeError("expected PARTITION:OFFSET, such as 0:120")
    return int(partition), int(offset)


class Command(BankCommand):
    help = "Read messages again: what was decided is answered again and changes nothing. A running consumer notices by itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        start = parser.add_mutually_exclusive_group(required=True)
        start.add_argument("--from-beginning", action="store_true")
        start.add_argument("--from", dest="start", type=_place, action="append", metavar="PARTITION:OFFSET")
        parser.add_argument("--dry-run", action="store_true", help="say what would be read again, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        starts = None if options["from_beginning"] else dict(options["start"])
        moves = services.replay_messages(starts=starts, now=timezone.now(), dry_run=options["dry_run"])
        for partition, (before, after) in sorted(moves.items()):
            self.stdout.write(json.dumps({"partition": partition, "from": before, "to": after}))
