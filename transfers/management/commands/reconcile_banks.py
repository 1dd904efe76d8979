"""Compare a day with every other bank."""

import json
import sys
from argparse import ArgumentParser
from datetime import UTC, date, timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from access.commands import BankCommand
from messaging.stop import stop_on_sigterm, wait_until
from transfers import reconciliations, services

FOUND_DIFFERENCES = 3


class Command(BankCommand):
    help = "Compare a day's transfers with every other bank and name those that differ; exits with 3 when there are any."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--day", type=date.fromisoformat, metavar="YYYY-MM-DD", help="a day of UTC; yesterday unless named")
        parser.add_argument("--wait", type=int, default=60, metavar="S", help="how long to wait for the other banks (60)")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        day: date = options["day"] or (timezone.now().astimezone(UTC) - timedelta(days=1)).date()
        services.reconcile_day(day=day, now=timezone.now())
        stop = stop_on_sigterm()
        wait_until(lambda: all(row.verdict != "asked" for row in reconciliations.latest(day=day)), stop=stop, limit_s=options["wait"])
        rows = reconciliations.latest(day=day)
        document = reconciliations.as_document(days=rows)
        if options["json"]:
            self.stdout.write(json.dumps(document, indent=2))
        for row in document["days"] if not options["json"] else ():
            self.stdout.write(f"{row['origin_bank']} -> {row['currency']} with {row['peer']}: {row['verdict']} {row['detail']}".rstrip())
        for found in document["breaks"] if not options["json"] else ():
            self.stdout.write(f"  {found['id']}: {found['kind']}: {found['transfer']}: {found['explanation']}")
        if any(row.verdict == "broken" for row in rows):
            sys.exit(FOUND_DIFFERENCES)
        if silent := sorted({row.peer for row in rows if row.verdict == "asked"}):
            raise CommandError(f"No answer yet from {', '.join(silent)}. What they say counts when it comes; look again later.")
