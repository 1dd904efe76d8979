"""Banks around one broker and one clock: the processes each runs, and what can be done to them by hand."""

from contextlib import AbstractContextManager
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from access.errors import DomainError
from accounts.money import Money
from messaging import envelope
from messaging.broker import Outgoing, Record, Topic
from messaging.consumer import Consumer
from messaging.documents import Document
from messaging.events import DIRECTORY_TOPIC
from messaging.letter_box import topic_of
from messaging.memory import MemoryBroker
from messaging.relay import Relay
from messaging.signing import KEY_ID, SIGNATURE, Domain
from tests.protocol.banks import MORNING, Bank, Town, account
from transfers import services
from transfers.handlers import HANDLERS
from transfers.orders import Accepted, Payment


class World:
    """A town at work. Every bank has a relay and a consumer until told otherwise; time passes only when told."""

    def __init__(
        self, town: Town, *, random: Random, codes: tuple[str, ...] = ("BNKA", "BNKB"), broker: MemoryBroker | None = None
    ) -> None:
        self.random, self.town = random, town
        self.banks = {code: town.banks[code] for code in codes}
        self.desks = codes  # where customers are served
        self.now = MORNING
        self.broker = broker or MemoryBroker()
        self.document = town.first_document
        self.relays: dict[str, list[Relay]] = {}
        self.consumers: dict[str, list[Consumer]] = {}
        self._started = 0
        for bank in self.banks.values():
            bank.reset()
        self.publish_directory()
        for code in codes:
            self.relays[code], self.consumers[code] = [self.new_relay(code)], [self.new_consumer(code)]

    def at(self, code: str) -> AbstractContextManager[None]:
        """Be one of the banks."""
        return self.banks[code].acting()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    # processes

    def new_relay(self, code: str) -> Relay:
        """Start a relay process."""
        self._started += 1
        with self.at(code):
            return Relay(broker=self.broker, random=Random(self.random.getrandbits(32)), holder=f"{code} {self._started}")

    def new_consumer(self, code: str) -> Consumer:
        """Start a consumer process."""
        with self.at(code):
            return Consumer(broker=self.broker, handlers=HANDLERS)

    def relay(self, code: str, which: int = 0) -> int:
        """Let a relay take a turn."""
        with self.at(code):
            return self.relays[code][which].turn(now=self.now)

    def consume(self, code: str, which: int = 0) -> int:
        """Let a consumer take a turn."""
        with self.at(code):
            return self.consumers[code][which].turn(now=self.now)

    def restart_relay(self, code: str, which: int = 0) -> None:
        """Let a relay die without a word and another begin."""
        self.relays[code][which] = self.new_relay(code)

    def restart_consumer(self, code: str, which: int = 0) -> None:
        """Let a consumer die without a word and another begin."""
        self.consumers[code][which] = self.new_consumer(code)

    def publish_directory(self, document: Document | None = None) -> None:
        """Do what the head bank's relay does."""
        self.document = document or self.document
        self.broker.create_topics(topics=[Topic(name=DIRECTORY_TOPIC, partitions=1, compacted=True)])
        headers = ((SIGNATURE, self.document.signature), (KEY_ID, self.document.key_id.encode()))
        record = Outgoing(topic=DIRECTORY_TOPIC, partition=0, value=self.document.value, headers=headers, key=b"directory")
        self.broker.producer(name="relay-HEAD").publish(records=[record])

    # by hand

    def pay(self, creditor: str, minor: int = 1_000, *, debtor: str = account("BNKA", 1), at: str = "BNKA", currency: str = "EUR") -> UUID:
        """Order a payment that must be accepted and return the transfer's id."""
        order = Payment(debtor=debtor, creditor=creditor, creditor_name="Somebody", amount=Money(minor, currency), reference="rent")
        outcome = self.submit(order, at=at)[0]
        assert isinstance(outcome, Accepted), outcome
        return outcome.transfer_id

    def submit(self, *orders: Any, at: str = "BNKA") -> list[Accepted | DomainError]:
        """Hand in orders at a bank's desk."""
        with self.at(at):
            return services.submit(orders=orders, by=self.banks[at].teller, now=self.now)

    def cancel(self, transfer_id: UUID, *, at: str = "BNKA") -> None:
        """Ask to cancel a transfer."""
        with self.at(at):
            services.cancel_transfer(transfer_id=transfer_id, by=self.banks[at].teller, now=self.now)

    def converse(self, *, rounds: int = 3, pause_s: float = 0) -> None:
        """Let every process of every bank take turns."""
        for _ in range(rounds):
            for code in self.banks:
                for which in range(len(self.relays[code])):
                    self.relay(code, which)
                for which in range(len(self.consumers[code])):
                    self.consume(code, which)
            self.wait(pause_s)

    def post(self, data: Any, *, type: str, source: str, to: str, signed_by: str = "", key_id_of: str = "") -> None:  # noqa: A002  # CloudEvents' name
        """Put a letter into a bank's box as whoever holds a key could; it is signed by its source unless told otherwise."""
        value = envelope.encode(
            id=UUID(int=self.random.getrandbits(128)), source=source, destination=to, type=type, time=self.now, data=data
        )
        signature = self.banks[signed_by or source].key.sign(domain=Domain.MESSAGE, value=value)
        named = self.banks[key_id_of or signed_by or source].key.key_id
        record = Outgoing(topic=topic_of(code=to), partition=0, value=value, headers=((SIGNATURE, signature), (KEY_ID, named.encode())))
        self.broker.producer(name="somebody").publish(records=[record])

    def letters(self, code: str) -> list[Record]:
        """Return what lies in a bank's letter box."""
        return self.broker.records(topic=topic_of(code=code))

    # what an examiner sees

    def owes(self, code: str) -> bool:
        """Return whether a bank has something to publish now."""
        sql = "SELECT 1 FROM messaging_message WHERE finished_at IS NULL AND next_at <= ? LIMIT 1"
        return bool(self.rows(code, sql, self.now.replace(tzinfo=None).isoformat(" ")))

    def has_unread(self, code: str) -> bool:
        """Return whether there are letters for a bank beyond what it stored, or fewer than that."""
        read = dict(self.rows(code, "SELECT partition, next_offset FROM messaging_storedoffset"))
        bounds = self.broker.bounds(topic=topic_of(code=code))
        return any(end != read.get(partition, 0) for partition, (_, end) in bounds.items()) or not bounds

    def rows(self, code: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Read a bank's database from outside."""
        return self.banks[code].database.raw.execute(sql, values).fetchall()

    def status(self, transfer_id: UUID, *, at: str = "BNKA") -> str:
        """Return a transfer's status, at its origin or where it was decided; empty where it is not known."""
        found = self.rows(at, "SELECT status FROM transfers_transfer WHERE origin_id = ?", transfer_id.hex)
        return str(found[0][0]) if found else ""

    def reason(self, transfer_id: UUID, *, at: str = "BNKA") -> str:
        """Return the reason a transfer's status has."""
        return str(self.rows(at, "SELECT reason FROM transfers_transfer WHERE origin_id = ?", transfer_id.hex)[0][0])

    def balance(self, number: str, *, at: str) -> int:
        """Return an account's balance in minor units."""
        sql = """
            SELECT a.balance_minor + coalesce((SELECT sum(s.credits_minor - s.debits_minor) FROM accounts_balancestripe s
                                               WHERE s.account_id = a.id), 0)
            FROM accounts_account a WHERE a.number = ?
        """
        found = self.rows(at, sql, number)
        return int(found[0][0]) if found else 0

    def held(self, number: str, *, at: str) -> int:
        """Return what is set aside on an account."""
        return int(self.rows(at, "SELECT held_minor FROM accounts_account WHERE number = ?", number)[0][0])

    def legs(self, transfer_id: UUID, *, at: str) -> list[str]:
        """Return the legs posted for a transfer named by its origin's id."""
        sql = """
            SELECT p.leg FROM accounts_posting p JOIN transfers_transfer t ON t.id = p.transfer_id
            WHERE t.origin_id = ? ORDER BY p.id
        """
        return [leg for (leg,) in self.rows(at, sql, transfer_id.hex)]

    def dead_letters(self, code: str) -> list[str]:
        """Return the reasons of a bank's dead letters."""
        return [reason for (reason,) in self.rows(code, "SELECT reason FROM messaging_deadletter ORDER BY id")]

    def bank(self, code: str) -> Bank:
        """Return a bank."""
        return self.banks[code]
