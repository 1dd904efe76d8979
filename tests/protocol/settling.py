"""A town whose head bank is at work, too: with its register, its people and a database of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from uuid import UUID

from django.db import connections

from access.models import Approval, User
from access.site import acting_as
from access.tests.people import employ
from accounts import numbers
from accounts.services import set_cover
from banksite.approvals import approve
from headbank import services
from headbank.handlers import HANDLERS as HEAD_HANDLERS
from headbank.models import Bank, Window, WindowNet, WindowPair
from messaging import directory, signing
from messaging.consumer import Consumer
from messaging.memory import MemoryBroker
from tests.protocol.banks import CURRENCIES, MORNING, PARTITIONS, Town
from tests.protocol.database import Database
from tests.protocol.world import World


class HeadBank:
    """The head bank, as a bank of the world: what the others' `Bank` is, without accounts of customers."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.code, self.key = "HEAD", signing.load_key_file(file=folder / "HEAD.pem")
        self.site = replace(town.head_site, message_key_file=folder / "HEAD.pem", settlement_wait_s=600)
        self.template, self.database = Database(), Database()
        self.database.copy_from(town.empty)
        self.supervisor: User
        self.second: User
        with self.acting():
            self.supervisor, self.second = (employ(name, "headbank.settle", "headbank.manage_banks") for name in ("hanna", "hugo"))
            for code in CURRENCIES:
                topic = f"external-transfers.{code}"
                Bank.objects.create(code=code, name=code, topic=topic, partitions=PARTITIONS, status="active", registered_at=MORNING)
            directory.take(document=town.first_document, now=MORNING)
            for user in (self.supervisor, self.second):
                user.get_all_permissions()
        self.template.copy_from(self.database)

    @contextmanager
    def acting(self) -> Iterator[None]:
        before = connections["default"]
        connections["default"] = self.database
        try:
            with acting_as(self.site):
                yield
        finally:
            connections["default"] = before

    def reset(self) -> None:
        self.database.copy_from(self.template)


class SettlingWorld(World):
    """BNKA, BNKB, BNKC and HEAD around one broker."""

    def __init__(self, town: Town, head: HeadBank, *, random: Random | None = None, broker: MemoryBroker | None = None) -> None:
        super().__init__(town, random=random or Random(7), codes=tuple(CURRENCIES), broker=broker)
        head.reset()
        self.head = head
        self.banks = {**self.banks, "HEAD": head}  # type: ignore[dict-item]  # all that the world asks of a bank
        self.relays["HEAD"], self.consumers["HEAD"] = [self.new_relay("HEAD")], [self.new_consumer("HEAD")]
        self.converse(rounds=2, pause_s=10)

    def new_consumer(self, code: str) -> Consumer:
        if code != "HEAD":
            return super().new_consumer(code)
        with self.at(code):
            return Consumer(broker=self.broker, handlers=HEAD_HANDLERS)

    def cover(self, **covers: int) -> None:
        """Let banks owe the head bank so much in euros."""
        with self.at("HEAD"):
            for bank, minor in covers.items():
                set_cover(number=numbers.settlement_of(bank, "EUR"), cover_minor=minor, now=self.now)

    def close_window(self) -> UUID:
        with self.at("HEAD"):
            return services.close_window(by=self.head.supervisor, now=self.now)

    def agree(self) -> None:
        """Let the second person book the window that is proposed."""
        with self.at("HEAD"):
            approval = Approval.objects.get(status="waiting", action=services.BOOK)
            approve(approval_id=approval.id, by=self.head.second, reason="seen", now=self.now)

    def settle(self) -> UUID:
        """Let a whole settlement take its course."""
        window = self.close_window()
        self.converse(rounds=5, pause_s=10)
        self.agree()
        self.converse(rounds=5, pause_s=10)
        return window

    def window(self, window: UUID) -> Window:
        with self.at("HEAD"):
            return Window.objects.get(id=window)

    def nets(self, window: UUID) -> dict[str, int]:
        with self.at("HEAD"):
            return dict(WindowNet.objects.filter(window=window, currency="EUR").values_list("bank", "net_minor"))

    def flaws(self, window: UUID) -> dict[tuple[str, str], str]:
        with self.at("HEAD"):
            rows = WindowPair.objects.filter(window=window).values_list("one", "other", "flaw")
            return {(one, other): flaw for one, other, flaw in rows}

    def owed(self) -> dict[tuple[str, str], int]:
        """Return the clearing balances of every bank, but those that are zero."""
        balances = {(at, to): self.balance(numbers.clearing(to, "EUR"), at=at) for at in CURRENCIES for to in CURRENCIES if to != at}
        return {pair: minor for pair, minor in balances.items() if minor}

    def settled(self) -> dict[str, tuple[int, int]]:
        """Return what each bank and the head bank say it has there."""
        return {
            code: (self.balance("SETTLEMENT.EUR", at=code), self.balance(numbers.settlement_of(code, "EUR"), at="HEAD"))
            for code in CURRENCIES
        }
