"""Let the consumer pass one record, by dual approval."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand, add_person
from messaging import services


class Command(BankCommand):
    help = (
        "Let the consumer pass the one record that it cannot get past; `status` names its partition and offset. Its sender sends a request "
        "again by itself. The first person asks, a second one grants. Example: skip_record --partition 3 --offset 120 --reason WHY --as sam"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--partition", type=int, required=True)
        parser.add_argument("--offset", type=int, required=True)
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        place = {name: options[name] for name in ("partition", "offset")}
        by = selectors.user_named(options["username"])
        self.say_whether(services.skip_record(**place, by=by, reason=options["reason"], now=timezone.now()))
