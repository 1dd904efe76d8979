"""A new key for this bank's messages: announced under the old one, used once every bank can know it, and then the old one is ended."""

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from django.db import transaction

from access import audit
from access.site import this_bank
from messaging import outbox, signing
from messaging.envelope import decode
from messaging.errors import HeadBankKeyFixed
from messaging.events import KEY_ANNOUNCED, KEY_RETIRED, KeyAnnounced, KeyRetired
from messaging.models import Message, OwnKey, PeerKey

logger = logging.getLogger(__name__)

MESSAGES, COMING = "messages", "coming"  # what an own key is used for
REST = timedelta(seconds=5)  # between the directory that names a key and its first use: every bank has read the directory by then
_PARTITION = 0  # of the head bank's letter box


def coming_file(file: Path) -> Path:
    """Return where the next key lies until it is used."""
    return file.with_name(file.name + ".next")


def announce_key(*, file: Path, now: datetime) -> str:
    """Have a next key beside this file and ask the head bank to let it speak for this bank, too; return its public half.

    Safe to repeat: while the head bank is asked it is asked once, and again where the question ended with a key that was lost.
    Raises KeyFileUnusable, HeadBankKeyFixed.
    """
    if this_bank().is_head_bank:
        raise HeadBankKeyFixed
    coming = coming_file(file)
    key = signing.load_key_file(file=coming) if coming.exists() else signing.create_key_file(file=coming)
    with transaction.atomic():
        _, is_new = OwnKey.objects.get_or_create(
            key_id=key.key_id, defaults={"use": COMING, "public_key": key.public_key, "created_at": now}
        )
        if is_new or not Message.objects.filter(type=KEY_ANNOUNCED, finished_at__isnull=True).exists():
            proof = key.sign(domain=signing.Domain.KEY, value=this_bank().code.encode()).hex()
            outbox.enqueue_each(messages=[_to_head_bank(KEY_ANNOUNCED, KeyAnnounced(public_key=key.public_key, proof=proof))], now=now)
            audit.record(actor=None, action="key.announced", subject=f"key:{key.key_id}", now=now)
    return key.public_key


class Rotation:
    """What the relay, which alone holds the keys, does about a key that was announced."""

    def __init__(self) -> None:
        self._vouched: tuple[str, datetime] | None = None

    def follow(self, *, file: Path, now: datetime) -> bool:
        """Use the next key as soon as the head bank has vouched for it long enough; return whether the file has changed."""
        coming = coming_file(file)
        if not coming.exists():
            return False
        key = signing.load_key_file(file=coming)
        if not PeerKey.objects.filter(key_id=key.key_id, peer=this_bank().code, revoked=False).exists():
            self._vouched = None
            return False
        if self._vouched is None or self._vouched[0] != key.key_id:
            self._vouched = key.key_id, now
        if now - self._vouched[1] < REST:
            return False
        if not os.access(file.parent, os.W_OK):
            logger.error("key.not-rotated", extra={"key": key.key_id, "folder": str(file.parent), "why": "the relay may not write there"})
            self._vouched = None
            return False
        _use(key, now=now)
        coming.replace(file)  # after a crash before it, all of this is done again and changes nothing
        signing.public_file(file).write_text(key.public_key + "\n")
        signing.public_file(coming).unlink(missing_ok=True)
        self._vouched = None
        logger.info("key.rotated", extra={"key": key.key_id})
        return True


def finish_retired(*, now: datetime) -> None:
    """Finish each request to revoke a key that the directory shows as revoked, also while the head bank has others still to do."""
    waiting = Message.objects.filter(type=KEY_RETIRED, finished_at__isnull=True).order_by("id").values_list("id", "value")
    key_of = {id_: msgspec.json.decode(decode(bytes(value)).data, type=KeyRetired).key_id for id_, value in waiting}
    if not key_of:
        return
    still = PeerKey.objects.filter(peer=this_bank().code, revoked=False, key_id__in=set(key_of.values()))
    valid = set(still.values_list("key_id", flat=True))
    if done := [id_ for id_, key_id in key_of.items() if key_id not in valid]:
        outbox.finish(id__any=done, now=now)


def _use(key: signing.SigningKey, *, now: datetime) -> None:
    """Write that the key is the current one, end the announcement, and ask the head bank to end those before."""
    with transaction.atomic():
        if not OwnKey.objects.filter(key_id=key.key_id, use=COMING).update(use=MESSAGES):
            return
        retired = OwnKey.objects.filter(use=MESSAGES, retired_at__isnull=True).exclude(key_id=key.key_id)
        before = sorted(retired.values_list("key_id", flat=True))
        retired.update(retired_at=now)
        outbox.finish(type=KEY_ANNOUNCED, now=now)
        messages = [_to_head_bank(KEY_RETIRED, KeyRetired(key_id=key_id)) for key_id in before]
        outbox.enqueue_each(messages=messages, now=now + timedelta(seconds=this_bank().key_overlap_s))  # it is said then
        audit.record(actor=None, action="key.rotated", subject=f"key:{key.key_id}", after={"retired": before}, now=now)


def _to_head_bank(type_: str, data: KeyAnnounced | KeyRetired) -> outbox.Draft:
    """Return a request to the head bank, repeated until the directory shows that it was heard."""
    return outbox.Draft(destination=this_bank().head_bank_code, partition=_PARTITION, type=type_, data=data, is_request=True, open_items=1)
