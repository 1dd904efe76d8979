"""What the register's commands of two persons share."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from access import selectors
from access.commands import BankCommand
from headbank import services


class AskingCommand(BankCommand):
    """A command that the first person asks with and the second one, giving the same, grants."""

    def ask(self, action: str, *, facts: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        """Ask for the action about the bank `code`, or grant it; say which."""
        done = services.ask_or_approve(
            action=action,
            code=options["code"],
            facts=facts,
            by=selectors.user_named(options["username"]),
            reason=options["reason"],
            now=timezone.now(),
        )
        self.say_whether(done)
