"""Changing the register of banks and publishing it; every act is permitted, locked and recorded here."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.db import transaction
from django.db.models import Max

from access import audit, sets
from access.errors import ReasonMissing
from access.models import User
from access.permissions import require
from access.site import this_bank
from headbank import selectors
from headbank.errors import BankClosed, BankExists, BankInvalid, BankUnknown, KeyTaken, KeyUnknown, NothingToPublish, NotTheHeadBank
from headbank.models import Bank, BankKey
from headbank.permissions import MANAGE_BANKS, PUBLISH_DIRECTORY
from messaging import directory, envelope, events, signing
from messaging.letter_box import topic_of
from messaging.models import Directory

Status = Bank.Status


@dataclass(frozen=True, kw_only=True)
class Published:
    """A version of the directory; `is_new` is false when the register had not changed since it was published."""

    version: int
    document: directory.Document
    is_new: bool


def register_bank(*, code: str, name: str, public_key: str, partitions: int, by: User, now: datetime) -> bool:
    """Add a bank with its first key (32 bytes in hex); return False when it is registered exactly like this already.

    Raises NotAllowed, NotTheHeadBank, BankInvalid, BankExists, KeyTaken.
    """
    _permit(by, MANAGE_BANKS)
    _check(code=code, name=name, public_key=public_key, partitions=partitions)
    with transaction.atomic():
        known = Bank.objects.select_for_update(no_key=True).filter(code=code).first()
        if known is not None:
            if (known.name, known.partitions) == (name, partitions) and known.keys.filter(public_key=public_key).exists():
                return False
            raise BankExists(bank=code)
        Bank.objects.create(code=code, name=name, topic=topic_of(code=code), partitions=partitions, registered_at=now)
        key_id = _announce(code=code, public_key=public_key, now=now)
        after = {"name": name, "partitions": partitions, "key": key_id}
        audit.record(actor=by, action="bank.registered", subject=code, after=after, now=now)
    return True


def add_bank_key(*, code: str, public_key: str, by: User, now: datetime) -> str:
    """Let another key speak for the bank, beside those it has; return its id.

    Raises NotAllowed, NotTheHeadBank, BankUnknown, BankClosed, BankInvalid, KeyTaken.
    """
    _permit(by, MANAGE_BANKS)
    with transaction.atomic():
        bank = _lock_open(code)
        _check(code=code, name=bank.name, public_key=public_key, partitions=bank.partitions)
        if bank.keys.filter(public_key=public_key, revoked_at__isnull=True).exists():
            return signing.key_id_of(public_key=public_key)
        key_id = _announce(code=code, public_key=public_key, now=now)
        audit.record(actor=by, action="bank.key-added", subject=code, after={"key": key_id}, now=now)
    return key_id


def revoke_key(*, key_id: str, by: User, reason: str, now: datetime) -> None:
    """End a key's word for ever; twice is once. Raises NotAllowed, NotTheHeadBank, KeyUnknown, ReasonMissing."""
    _permit(by, MANAGE_BANKS)
    with transaction.atomic():
        key = BankKey.objects.select_for_update(no_key=True).filter(key_id=key_id).first()
        if key is None:
            raise KeyUnknown(key=key_id)
        if not reason.strip():
            raise ReasonMissing
        if key.revoked_at is None:
            BankKey.objects.filter(key_id=key_id, revoked_at__isnull=True).update(revoked_at=now)
            audit.record(actor=by, action="bank.key-revoked", subject=key.bank_id, after={"key": key_id}, reason=reason, now=now)


def suspend_bank(*, code: str, by: User, reason: str, now: datetime) -> None:
    """Let nothing new go to or come from the bank. Raises NotAllowed, NotTheHeadBank, BankUnknown, BankClosed, ReasonMissing."""
    _change_status(code=code, to=Status.SUSPENDED, by=by, reason=reason, now=now)


def reactivate_bank(*, code: str, by: User, reason: str, now: datetime) -> None:
    """End a suspension. Raises NotAllowed, NotTheHeadBank, BankUnknown, BankClosed, ReasonMissing."""
    _change_status(code=code, to=Status.ACTIVE, by=by, reason=reason, now=now)


def close_bank(*, code: str, by: User, reason: str, now: datetime) -> None:
    """Close the bank for good and revoke all its keys. Raises NotAllowed, NotTheHeadBank, BankUnknown, BankClosed, ReasonMissing."""
    with transaction.atomic():
        _change_status(code=code, to=Status.CLOSED, by=by, reason=reason, now=now)
        BankKey.objects.filter(bank=code, revoked_at__isnull=True).update(revoked_at=now)


def publish_directory(*, key: signing.SigningKey, by: User, now: datetime) -> Published:
    """Sign the register as the next version of the directory, which the relay publishes from now on.

    An unchanged register under the same key keeps its version. Raises NotAllowed, NotTheHeadBank, NothingToPublish.
    """
    _permit(by, PUBLISH_DIRECTORY)
    with transaction.atomic():
        list(Bank.objects.select_for_update(no_key=True).order_by("code").values_list("code"))  # two publishers take turns
        banks = selectors.banks_of_directory()
        if not banks:
            raise NothingToPublish
        last = directory.current()
        version: int = Directory.objects.aggregate(last=Max("version"))["last"] or 0
        if last is not None and last.key_id == key.key_id and _banks_in(last) == banks:
            return Published(version=version, document=last, is_new=False)
        document = directory.sign(value=directory.write(version=version + 1, banks=banks, now=now), key=key)
        row = (version + 1, document.value, document.signature, document.key_id, now)
        sets.execute(sets.Insert(model=Directory, fields=("version", "value", "signature", "key_id", "received_at"), rows=[row]))
        audit.record(actor=by, action="directory.published", subject=str(version + 1), after={"banks": len(banks)}, now=now)
    return Published(version=version + 1, document=document, is_new=True)


def _banks_in(document: directory.Document) -> tuple[events.Bank, ...]:
    """Return what a document of ours says."""
    return msgspec.json.decode(envelope.decode(document.value).data, type=events.DirectoryPublished).banks


def _permit(by: User, permission: str) -> None:
    """Raise NotAllowed or NotTheHeadBank."""
    require(by=by, permission=permission)
    if not this_bank().is_head_bank:
        raise NotTheHeadBank(bank=this_bank().code)


def _check(*, code: str, name: str, public_key: str, partitions: int) -> None:
    """Raise BankInvalid unless the directory, whose bounds are those of the wire, can carry the bank."""
    topic = topic_of(code=code)
    try:
        key = {"id": "0" * 16, "public_key": public_key}
        bank = {"code": code, "name": name, "topic": topic, "partitions": partitions, "status": Status.ACTIVE.value, "keys": [key]}
        msgspec.convert(bank, type=events.Bank)
    except msgspec.ValidationError as error:
        raise BankInvalid(why=str(error)) from error
    if code == this_bank().code:
        raise BankInvalid(why=f"{code} is the head bank's own code")


def _announce(*, code: str, public_key: str, now: datetime) -> str:
    """Write the key and return its id; raise KeyTaken."""
    key_id = signing.key_id_of(public_key=public_key)
    if BankKey.objects.filter(key_id=key_id).exists():
        raise KeyTaken(key=key_id)
    BankKey.objects.create(key_id=key_id, bank_id=code, public_key=public_key, announced_at=now)
    return key_id


def _change_status(*, code: str, to: Status, by: User, reason: str, now: datetime) -> None:
    """Change a bank's status and record it; the status it has already is no change."""
    _permit(by, MANAGE_BANKS)
    with transaction.atomic():
        bank = _lock_open(code)
        if not reason.strip():
            raise ReasonMissing
        if bank.status == to:
            return
        Bank.objects.filter(code=code, status=bank.status).update(status=to)
        before, after = {"status": bank.status}, {"status": to.value}
        audit.record(actor=by, action=f"bank.{to.value}", subject=code, before=before, after=after, reason=reason, now=now)


def _lock_open(code: str) -> Bank:
    """Return the bank with its row locked; raise BankUnknown, BankClosed."""
    bank = Bank.objects.select_for_update(no_key=True).filter(code=code).first()
    if bank is None:
        raise BankUnknown(bank=code)
    if bank.status == Status.CLOSED:
        raise BankClosed(bank=code)
    return bank
