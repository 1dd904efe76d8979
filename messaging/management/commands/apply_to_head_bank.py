"""Apply to the head bank."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from access.commands import BankCommand
from access.site import this_bank
from messaging import documents
from messaging.applying import write_application
from messaging.head_bank_site import HeadBankSite


class Command(BankCommand):
    help = (
        "Ask the head bank to take this bank into its register, signed with the bank's own key. The head bank's staff give the one-time "
        "code. With --out the application goes into a file, for their receive_application."
    )
    refused_by = (OSError,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--one-time-code", required=True)
        parser.add_argument("--contact", required=True, help="whom to ask at this bank")
        parser.add_argument("--site-url", default="", help="where its pages are")
        parser.add_argument("--api-url", default="", help="where its API is")
        parser.add_argument("--to", default="", metavar="URL", help="the head bank's site, where it is not HEAD_BANK_URL")
        parser.add_argument("--out", type=Path, metavar="FILE", help="write it to a file instead of handing it in")

    def handle(self, *args: Any, **options: Any) -> None:
        key_file = this_bank().message_key_file
        if key_file is None:
            raise CommandError("MESSAGE_KEY_FILE is not set; open_bank creates the key where it says.")
        said = {name: options[name] for name in ("one_time_code", "contact", "site_url", "api_url")}
        document = write_application(**said, key_file=key_file, now=timezone.now())
        if options["out"]:
            options["out"].write_bytes(documents.pack(document))
        else:
            HeadBankSite(url=options["to"]).hand_in(document)
        self.stderr.write("Done. Two persons at the head bank decide about it.")
