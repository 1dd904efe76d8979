"""Banks and head banks for the tests of messaging: real keys, one broker in memory, one database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
from django.db import OperationalError
from psycopg.errors import QueryCanceled
from uuid_utils.compat import uuid7

from access.site import Site, acting_as
from messaging import directory, documents, signing
from messaging.broker import Broker, Outgoing, Topic
from messaging.consumer import Consumer
from messaging.envelope import Envelope, Received, encode
from messaging.errors import Unreadable
from messaging.events import DIRECTORY_TOPIC, Bank, BankKey
from messaging.handling import Handler
from messaging.letter_box import topic_of
from messaging.relay import Relay
from messaging.signing import KEY_ID, SIGNATURE, Domain, SigningKey

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """What the banks of these tests say to each other."""

    text: str
    items: int = 1


@dataclass
class Host:
    """Keeps what it was told, as an app's handler would; `trouble` is raised instead as long as there is any."""

    told: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)

    @property
    def handlers(self) -> dict[str, Handler[Greeting]]:
        return {"greeting.sent": Handler(read=self.read, handle=self.handle, size=lambda data: data.items)}

    def read(self, *, data: msgspec.Raw, version: int, envelope: Envelope) -> Greeting:
        try:
            return msgspec.json.decode(data, type=Greeting)
        except msgspec.ValidationError as error:
            raise Unreadable("data-invalid", str(error)) from error

    def handle(self, *, received: Sequence[Received[Greeting]], now: datetime) -> None:
        if self.trouble:
            raise self.trouble.pop()
        self.batches.append(len(received))
        self.told.extend(message.data.text for message in received)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A bank with its private key."""

    site: Site
    key: SigningKey

    @property
    def code(self) -> str:
        return self.site.code

    def entry(self, *, status: str = "active", revoked: bool = False, partitions: int = 4) -> Bank:
        key = BankKey(id=self.key.key_id, public_key=self.key.public_key, revoked=revoked)
        name = self.site.name
        return Bank(code=self.code, name=name, topic=topic_of(code=self.code), partitions=partitions, status=status, keys=(key,))  # type: ignore[arg-type]

    @contextmanager
    def acting(self) -> Iterator[None]:
        with acting_as(self.site):
            yield


class World:
    """HEAD and two banks, BNKA and BNKB unless a shared broker asks for other codes, around one broker."""

    def __init__(self, *, broker: Broker, folder: Path, codes: tuple[str, str] = ("BNKA", "BNKB")) -> None:
        self.broker = broker
        head_file = folder / "HEAD.pem"
        head_key = signing.create_key_file(file=head_file)
        self.head = Actor(site=_site("HEAD", head_key, head_file, role="headbank"), key=head_key)
        self.anna, self.bert = (self._bank(code, folder) for code in codes)

    def _bank(self, code: str, folder: Path) -> Actor:
        file = folder / f"{code}.pem"
        key = signing.create_key_file(file=file)
        return Actor(site=_site(code, self.head.key, file), key=key)

    def document(self, *, version: int = 1, banks: Sequence[Bank] | None = None) -> documents.Document:
        """Return a directory the head bank signed."""
        with self.head.acting():
            listed = banks if banks is not None else [self.anna.entry(), self.bert.entry()]
            return directory.sign(value=directory.write(version=version, banks=listed, now=NOON), key=self.head.key)

    def publish_directory(self, document: documents.Document | None = None) -> None:
        """Put a directory where every bank reads it."""
        document = document or self.document()
        self.broker.create_topics(topics=[Topic(name=DIRECTORY_TOPIC, partitions=1, compacted=True)])
        headers = ((SIGNATURE, document.signature), (KEY_ID, document.key_id.encode()))
        outgoing = Outgoing(topic=DIRECTORY_TOPIC, partition=0, value=document.value, headers=headers, key=b"directory")
        self.broker.producer(name="head").publish(records=[outgoing])

    def open_letter_boxes(self) -> None:
        """Create the banks' topics, as their first start does."""
        self.broker.create_topics(topics=[Topic(name=topic_of(code=bank.code), partitions=4) for bank in (self.head, self.anna, self.bert)])

    def post(self, value: bytes, *, headers: Sequence[tuple[str, bytes]], to: str = "", partition: int = 0) -> None:
        """Write any bytes into a letter box, as anybody who may write there could."""
        record = Outgoing(topic=topic_of(code=to or self.bert.code), partition=partition, value=value, headers=tuple(headers))
        self.broker.producer(name="somebody").publish(records=[record])

    def send(self, text: str, *, items: int = 1, partition: int = 0) -> None:
        """Let the first bank write a good message to the second."""
        value = letter(text, source=self.anna.code, destination=self.bert.code, items=items)
        self.post(value, headers=self.anna.key.headers(domain=Domain.MESSAGE, value=value), partition=partition)


def letter(text: str, *, source: str, destination: str, type: str = "greeting.sent.v1", items: int = 1) -> bytes:  # noqa: A002
    """Return the value of a greeting."""
    data = Greeting(text=text, items=items)
    return encode(id=uuid7(), source=source, destination=destination, type=type, time=NOON, data=data)


def relay_of(bank: Actor, world: World, *, holder: str = "") -> Relay:
    """Return a relay whose repeats come at the same times in every run."""
    return Relay(broker=world.broker, random=Random(7), holder=holder or bank.code)


def read_all(consumer: Consumer, *, now: datetime = NOON, turns: int = 60, until: int = 10_000) -> int:
    """Turn a consumer until it settled as many records as wanted, or the turns are over; each turn is six seconds after the other."""
    settled = 0
    for turn in range(turns):
        settled += consumer.turn(now=now + timedelta(seconds=6 * turn))
        if settled >= until:
            break
    return settled


def took_too_long() -> OperationalError:
    """Return what Django makes of a statement that PostgreSQL ended (`statement_timeout`)."""
    error = OperationalError("canceling statement due to statement timeout")
    error.__cause__ = QueryCanceled()
    return error


def _site(code: str, head_key: SigningKey, file: Path, *, role: str = "bank") -> Site:
    return Site(
        role=role,
        code=code,
        name=f"Bank {code[-1]}",
        country="NL",
        currencies=("EUR",),
        head_bank_key=head_key.public_key,
        message_key_file=file,
    )
