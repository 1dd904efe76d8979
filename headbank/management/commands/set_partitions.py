"""Tell all banks how many partitions a bank's inbound topic has."""

from argparse import ArgumentParser
from typing import Any

from access.commands import add_person
from headbank import services
from headbank.management.asking import AskingCommand


class Command(AskingCommand):
    help = (
        "Tell all banks how many partitions a bank's inbound topic has, after the topic was given more: from then on they write to all "
        "of them. The first person asks, a second one grants. Example: set_partitions BNKA 8 --reason 'more consumers' --as admin"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("partitions", type=int)
        add_person(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.ask(services.SET_PARTITIONS, facts={"partitions": options["partitions"]}, options=options)
