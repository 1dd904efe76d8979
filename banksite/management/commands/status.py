"""Tell how the bank is."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from access.commands import BankCommand
from access.database_clock import database_time
from access.site import this_bank
from banksite import selectors
from banksite.broker_signs import broker_signs


class Command(BankCommand):
    help = "Tell how the bank is: its database, messages, keys, directory and broker. Exits 3 when something is red."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        now, bank = database_time(), this_bank()
        state = selectors.state(now=now)
        signs = [*state.signs, selectors.sign_of_clock(ahead=timezone.now() - now), *broker_signs(now=now)]
        is_red = any(sign.is_red for sign in signs)
        if options["json"]:
            report = {"bank": bank.code, "role": bank.role, "at": now.isoformat(), "red": is_red, "signs": [asdict(sign) for sign in signs]}
            self.stdout.write(json.dumps(report | {"figures": {figure.label: figure.text for figure in state.figures}}))
        else:
            self.stdout.write(f"{bank.name} ({bank.code}, {bank.role})")
            for sign in signs:
                self.stdout.write(f"  {'RED  ' if sign.is_red else 'ok   '}{sign.code:<14}{sign.detail}")
        if is_red:
            raise SystemExit(3)
