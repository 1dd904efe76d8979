"""The directory of banks: one signed document, the only path by which this bank comes to trust another."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import msgspec
from django.db import transaction
from uuid_utils.compat import uuid7

from access.sets import Insert, execute
from access.site import this_bank
from messaging import documents, envelope, lease, signing
from messaging.documents import Document
from messaging.errors import DirectoryRefused, Unreadable
from messaging.events import DIRECTORY_PUBLISHED, Bank, DirectoryPublished
from messaging.models import Directory, Peer, PeerKey

logger = logging.getLogger(__name__)
_EVERYBODY = "ALL"  # the destination of a document that is for every bank
_NOBODY = ""  # the key of a version that waits for its signature


class Outcome(Enum):
    """What became of a document."""

    TAKEN = "taken"
    KNOWN = "known"
    OLDER = "older"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A document the head bank signed, and what became of it."""

    version: int
    outcome: Outcome


def write(*, version: int, banks: Sequence[Bank], now: datetime) -> bytes:
    """Return the bytes of a new version, to be signed; raise DirectoryRefused for one that no broker or no bank would take."""
    data = DirectoryPublished(version=version, banks=tuple(banks))
    value = envelope.encode(id=uuid7(), source=this_bank().code, destination=_EVERYBODY, type=DIRECTORY_PUBLISHED, time=now, data=data)
    if len(value) > envelope.MAX_VALUE_BYTES:
        raise DirectoryRefused(why=f"it would have {len(value)} bytes, and at most {envelope.MAX_VALUE_BYTES} can be published")
    _read(value, head_bank=this_bank().code)
    return value


def sign(*, value: bytes, key: signing.SigningKey) -> Document:
    """Return the document under the head bank's signature."""
    return documents.sign(value=value, key=key, domain=signing.Domain.DIRECTORY)


def unpack(content: bytes) -> Document:
    """Return the document of a file; raise DirectoryRefused."""
    try:
        return documents.unpack(content)
    except ValueError as error:
        raise DirectoryRefused(why=f"this is not the file of a directory ({error})") from error


def take(*, document: Document, now: datetime, after: int = 0) -> Judged:
    """Go by this version from now on, if the head bank signed it and it is newer; raise DirectoryRefused.

    A lower version changes nothing: who reads the register from its beginning meets them all. Only where version `after` came before it
    from the same place is it refused, because then somebody plays it back or the head bank's database went back. The same version with
    other bytes is refused and an alarm: the head bank contradicts itself.
    """
    banks = _verified(document)
    if banks.version < after:
        logger.error("directory.went-back", extra={"version": banks.version, "after": after})
        raise DirectoryRefused(
            why=f"version {banks.version} came after version {after}: it is played back, or the head bank's database went back"
        )
    if (outcome := _known(banks, document)) is not None:
        return Judged(version=banks.version, outcome=outcome)
    with transaction.atomic():
        lease.take_turn(name="directory")  # no row of Directory would do: the newest is another one when the wait is over
        if (outcome := _known(banks, document)) is not None:
            return Judged(version=banks.version, outcome=outcome)
        _store(document, banks, now)
    logger.info("directory.taken", extra={"version": banks.version, "banks": len(banks.banks)})
    return Judged(version=banks.version, outcome=Outcome.TAKEN)


def announce(*, banks: Sequence[Bank], now: datetime) -> int:
    """Have these banks published as the next version, by the head bank, in the transaction that changes its register.

    The relay signs it, which alone holds the key. A register that has not changed keeps its version, which is returned either way.
    A version is the second it was announced in, or the next number: so a head bank whose database went back does not fall behind the
    versions that banks still hold, and is obeyed.
    """
    assert transaction.get_connection().in_atomic_block, "what changes the register announces it"
    lease.take_turn(name="directory")
    last = Directory.objects.order_by("-version").first()
    if last is not None and _read(bytes(last.value), head_bank=this_bank().code).banks == tuple(banks):
        return last.version
    version = max(last.version + 1 if last else 1, int(now.timestamp()))
    value = write(version=version, banks=banks, now=now)
    _store(Document(value=value, signature=b"", key_id=_NOBODY), DirectoryPublished(version=version, banks=tuple(banks)), now)
    return version


def signed(*, key: signing.SigningKey) -> Document | None:
    """Return the newest version under the head bank's current key, signing it where it is not yet; None when there is none."""
    last = Directory.objects.order_by("-version").first()
    if last is None:
        return None
    document = sign(value=bytes(last.value), key=key)
    if last.key_id != key.key_id:
        Directory.objects.filter(version=last.version).update(signature=document.signature, key_id=document.key_id)
    return document


def current() -> Document | None:
    """Return the newest version this bank has that is signed."""
    found = Directory.objects.exclude(key_id=_NOBODY).order_by("-version").first()
    if found is None:
        return None
    return Document(value=bytes(found.value), signature=bytes(found.signature), key_id=found.key_id)


def _verified(document: Document) -> DirectoryPublished:
    """Return what the document says once the one configured key vouches for it."""
    trusted = this_bank().head_bank_key
    if not trusted:
        raise DirectoryRefused(why="this bank was given no head bank's key")
    if document.key_id != signing.key_id_of(public_key=trusted):
        raise DirectoryRefused(why="it is signed by a key that is not the head bank's")
    if not signing.is_signed(public_key=trusted, domain=signing.Domain.DIRECTORY, value=document.value, signature=document.signature):
        raise DirectoryRefused(why="the signature does not fit")
    return _read(document.value, head_bank=this_bank().head_bank_code)


def _read(value: bytes, *, head_bank: str) -> DirectoryPublished:
    """Return the document's data; raise DirectoryRefused where it is malformed or contradicts itself."""
    try:
        outside = envelope.decode(value)
        inside = msgspec.json.decode(outside.data, type=DirectoryPublished)
    except (Unreadable, ValueError) as error:
        raise DirectoryRefused(why=f"it cannot be read ({error})") from error
    if (outside.source, outside.type) != (head_bank, DIRECTORY_PUBLISHED):
        raise DirectoryRefused(why="it is not a directory of the head bank")
    keys = [key for bank in inside.banks for key in bank.keys]
    codes, topics = [bank.code for bank in inside.banks], [bank.topic for bank in inside.banks]
    if any(len(set(values)) != len(values) for values in (codes, topics, [key.id for key in keys])):
        raise DirectoryRefused(why="a code, a topic or a key is there twice")
    if any(key.id != signing.key_id_of(public_key=key.public_key) for key in keys):
        raise DirectoryRefused(why="a key's id is not the one of its bytes")
    return inside


def _known(banks: DirectoryPublished, document: Document) -> Outcome | None:
    """Return what a version is beside the newest one known, None when it is newer; raises DirectoryRefused when they contradict."""
    newest = Directory.objects.order_by("-version").first()
    if newest is None or newest.version < banks.version:
        return None
    if newest.version == banks.version and bytes(newest.value) != document.value:
        logger.error("directory.contradiction", extra={"version": banks.version})
        raise DirectoryRefused(why=f"version {banks.version} exists with other content")
    return Outcome.KNOWN if newest.version == banks.version else Outcome.OLDER


def _store(document: Document, banks: DirectoryPublished, now: datetime) -> None:
    """Write the version and what it says; banks and keys it does not name stay as they are, because none is ever removed."""
    row = (banks.version, document.value, document.signature, document.key_id, now)
    execute(Insert(model=Directory, fields=("version", "value", "signature", "key_id", "received_at"), rows=[row]))
    fields = ("name", "topic", "partitions", "status", "debit_caps")
    peers = [Peer(code=bank.code, **{name: getattr(bank, name) for name in fields}) for bank in banks.banks]
    Peer.objects.bulk_create(peers, update_conflicts=True, unique_fields=("code",), update_fields=fields)
    keys = {key.id: (bank.code, key) for bank in banks.banks for key in bank.keys}
    moved = PeerKey.objects.filter(key_id__any=list(keys)).values_list("key_id", "peer_id")
    if any(keys[key_id][0] != peer for key_id, peer in moved):
        raise DirectoryRefused(why="a key went over to another bank")
    rows = [PeerKey(key_id=id_, peer_id=code, public_key=key.public_key, revoked=key.revoked) for id_, (code, key) in keys.items()]
    PeerKey.objects.bulk_create(rows, update_conflicts=True, unique_fields=("key_id",), update_fields=("revoked",))
