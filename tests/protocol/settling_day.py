"""A day on which the head bank settles while everything else happens, too."""

from collections.abc import Callable
from random import Random

from access.models import Approval
from banksite.approvals import approve
from headbank import services
from headbank.models import Window
from tests.protocol.banks import CURRENCIES, RICH, Town, account
from tests.protocol.examiner import findings_of_head_bank
from tests.protocol.settling import HeadBank, SettlingWorld
from tests.protocol.simulator import CountingBroker, Simulation
from tests.protocol.world import World

KINDS = {"window closed", "window settled", "window settled in part", "report overdue"}  # in any twenty days
PLENTY_MINOR = 10**9
_LATE_S = 700  # beyond what the head bank waits for reports


class SettlingDay(Simulation):
    """One seed with three banks and their head bank at work; in the evening everything is settled."""

    world: SettlingWorld

    def __init__(self, town: Town, head: HeadBank, *, seed: int) -> None:
        super().__init__(town, seed=seed)
        self._head, self._codes = head, tuple(CURRENCIES)

    def _open_world(self) -> World:
        """Return the world of this day, in which every bank owes another one something from yesterday."""
        world = SettlingWorld(self._town, self._head, random=Random(self.seed), broker=CountingBroker(self.counts))
        for debtor, creditor in zip(self._codes, (*self._codes[1:], self._codes[0]), strict=True):
            world.pay(account(creditor, RICH), self._random.choice((700, 5_000, 25_000)), debtor=account(debtor, RICH), at=debtor)
        world.converse(rounds=4, pause_s=10)
        return world

    def _begin(self) -> None:
        super()._begin()
        self.world.cover(**{code: self._random.choice((0, 1_000, 20_000, PLENTY_MINOR)) for code in self._codes})
        deeds: list[tuple[str, float, Callable[[], str]]] = [
            ("close window", 5, self._close_window),
            ("agree", 8, self._agree),
            ("refuse", 4, self._refuse),
            ("everybody works", 8, self._everybody_works),
            ("settle what is due", 8, self._settle_due),
        ]
        self._actions = [action for action in self._actions if action[0] != "directory"] + deeds  # HEAD publishes its own here

    def _findings(self) -> list[str]:
        databases = {code: self.world.banks[code].database.raw for code in self.world.desks}
        owed = [f"{one} owes {other} {minor} after the last settlement" for (one, other), minor in self.world.owed().items()]
        return super()._findings() + findings_of_head_bank(self._head.database.raw, databases) + owed

    def _close_window(self) -> str:
        window = self.world.close_window()
        self._count("window closed")
        return str(window)

    def _agree(self) -> str:
        with self.world.at("HEAD"):
            approval = Approval.objects.filter(status="waiting", action=services.BOOK).first()
            if approval is None:
                return "nothing is proposed"
            left_out = Window.objects.get(status="proposed").pairs.exclude(flaw="").exists()
            approve(approval_id=approval.id, by=self._head.second, reason="seen", now=self.world.now)
            self._count("window settled in part" if left_out else "window settled")
            return approval.subject

    def _refuse(self) -> str:
        with self.world.at("HEAD"):
            approval = Approval.objects.filter(status="waiting", action=services.BOOK).first()
            if approval is None:
                return "nothing is proposed"
            services.refuse_settlement(approval_id=approval.id, by=self._head.second, reason="not today", now=self.world.now)
            self._count("settlement refused")
            return approval.subject

    def _everybody_works(self) -> str:
        """Let every process take turns for a while, so that a window gets as far as its second person on the same day."""
        for code in self._at_work * 2:
            self._turn(code, self.world.relays[code], self.world.relay, self.world.restart_relay)
            self._turn(code, self.world.consumers[code], self.world.consume, self.world.restart_consumer)
            self.world.wait(2)
        return f"{self.world.now:%H:%M:%S}"

    def _settle_due(self) -> str:
        if self._random.random() < 0.5:
            self.world.wait(_LATE_S)
        with self.world.at("HEAD"):
            ended = services.settle_due(now=self.world.now, limit=1)
        self._count("report overdue", ended)
        return f"{ended} windows"

    def _calm(self) -> None:
        """Come to rest; end what is open, then settle once more with cover for all: afterwards nobody owes anybody."""
        super()._calm()
        self._end_window()
        self.world.cover(**dict.fromkeys(self._codes, PLENTY_MINOR))
        self._close_window()
        self._end_window()

    def _end_window(self) -> None:
        """Let a window that is open be reported for, agreed to and booked everywhere."""
        self._come_to_rest()
        self._agree()
        self._come_to_rest()
