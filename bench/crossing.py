"""Payments from bank to bank as they really go: services, relay, Kafka, consumer, answer; called inside workers."""

import time
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.utils import timezone

from access.site import Site, acting_as, this_bank
from bench.books import clearing_balance
from bench.orders import Crowd, wishes
from bench.rates import BATCH, submit
from messaging import directory, documents, letter_box, signing
from messaging.events import Bank, BankKey
from messaging.kafka import get_broker

_HEAD = Site(role="headbank", code="HEAD", name="Head bank", country="NL", currencies=("EUR",))
_POLL_S = 0.02
_PATIENCE_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What the head bank gives the banks: its public key and the signed directory."""

    head_bank_key: str
    directory: bytes


def trust(*, key_files: dict[str, Path]) -> Trust:
    """Make each bank's key file and the directory that names them all."""
    head = signing.generate()
    keys = {code: signing.create_key_file(file=file) for code, file in key_files.items()}
    banks = [
        Bank(
            code=code,
            name=f"Bank {code}",
            topic=letter_box.topic_of(code=code),
            partitions=4,
            status="active",
            keys=(BankKey(id=key.key_id, public_key=key.public_key),),
        )
        for code, key in keys.items()
    ]
    with acting_as(_HEAD):
        value = directory.write(version=1, banks=banks, now=timezone.now())
    return Trust(head_bank_key=head.public_key, directory=documents.pack(directory.sign(value=value, key=head)))


def introduce(*, document: bytes) -> None:
    """Take the directory."""
    directory.take(document=directory.unpack(document), now=timezone.now())


def prepare_letter_box() -> None:
    """Create this bank's topic before anybody writes to it."""
    letter_box.create_own_topics(broker=get_broker(), bank=this_bank())


def send(*, crowd: Crowd, batches: int) -> tuple[float, int]:
    """Order batches of payments to the other bank; return when that began (the machine's clock) and their sum in minor units."""
    prepared = [wishes(crowd, number=BATCH) for _ in range(batches)]
    begun = time.monotonic()
    for batch in prepared:
        submit(batch)
    return begun, sum(wish.amount_minor for batch in prepared for wish in batch)


def wait_for_credit(*, origin: str, until_minor: int) -> float:
    """Wait until this bank has credited that much from the origin; return when (the machine's clock)."""
    deadline = time.monotonic() + _PATIENCE_S
    while -clearing_balance(partner=origin) < until_minor:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{-clearing_balance(partner=origin)} of {until_minor} minor units arrived")
        time.sleep(_POLL_S)
    return time.monotonic()


def wait_for_answers() -> float:
    """Wait until nothing that this bank sent is pending; return when (the machine's clock)."""
    deadline = time.monotonic() + _PATIENCE_S
    while _is_pending():
        if time.monotonic() > deadline:
            raise TimeoutError("transfers are still pending")
        time.sleep(_POLL_S)
    return time.monotonic()


def _is_pending() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM transfers_transfer WHERE status = 'pending')")
        return bool(cursor.fetchone()[0])
