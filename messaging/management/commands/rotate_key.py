"""Replace a key of this bank."""

from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from access.commands import BankCommand
from access.site import this_bank
from messaging import services
from messaging.key_rotation import announce_key


class Command(BankCommand):
    help = (
        "Replace the key that signs tokens (TOKEN_KEY_FILE) or messages (MESSAGE_KEY_FILE) and print the new one's public half. "
        "What the old one signed counts until it is over. A key for messages is announced to the head bank; the running relay uses it "
        "as soon as the directory names it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--use", choices=("messages", "tokens"), required=True)
        parser.add_argument("--at-once", action="store_true", help="the old key for tokens was stolen: nothing it signed counts any more")

    def handle(self, *args: Any, **options: Any) -> None:
        for_messages = options["use"] == "messages"
        file = this_bank().message_key_file if for_messages else this_bank().token_key_file
        if file is None:
            raise CommandError("No file is configured for this key.")
        if for_messages and options["at_once"]:
            raise CommandError("A key for messages is ended at once by the head bank: revoke_key, there.")
        rotate = announce_key if for_messages else partial(services.rotate_own_key, use="tokens", at_once=options["at_once"])
        self.stdout.write(rotate(file=file, now=timezone.now()))
