"""Which keys speak for a bank: added by people, announced by the bank under a key it has, ended by either."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from access import audit
from access.models import User
from headbank import selectors
from headbank.errors import BankStatusWrong, KeyLast, KeyTaken, KeyUnknown, TooManyKeys
from headbank.models import Bank, BankKey
from headbank.permissions import MANAGE_BANKS
from headbank.services.locking import permit
from headbank.services.publish import announce
from messaging import dead_letters, signing
from messaging.envelope import Received
from messaging.events import KeyAnnounced, KeyRetired
from messaging.verifying import key_id_of

MOST_KEYS = 4  # that speak for a bank at once
MOST_A_DAY = 8  # that a bank announces: no key ever leaves the directory, and a bank cannot fill it
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Revoked:
    """A bank whose key was revoked, and which keys ended with that one."""

    bank: str
    with_it: list[str]


def add_key(*, code: str, public_key: str, announced_by: str = "", now: datetime) -> str:
    """Let another key speak for a bank, within the caller's transaction; return its id. Raises KeyTaken, TooManyKeys.

    A key that speaks for this bank already stays as it is.
    """
    key_id = signing.key_id_of(public_key=public_key)
    known = BankKey.objects.filter(key_id=key_id).first()
    if known is not None and known.bank_id == code and known.revoked_at is None:
        return key_id
    if known is not None:
        raise KeyTaken(key=key_id)
    keys = BankKey.objects.filter(bank=code)
    announced = keys.filter(announced_at__gt=now - DAY).exclude(announced_by="")
    if keys.filter(revoked_at__isnull=True).count() >= MOST_KEYS or (announced_by and announced.count() >= MOST_A_DAY):
        raise TooManyKeys(bank=code, most=MOST_KEYS, a_day=MOST_A_DAY)
    BankKey.objects.create(key_id=key_id, bank_id=code, public_key=public_key, announced_by=announced_by, announced_at=now)
    return key_id


def revoke_key(*, key_id: str, by: User, reason: str, now: datetime, dry_run: bool = False) -> Revoked:
    """End a key's word for ever, at once and by one person, and that of every key that came from it; twice is once.

    Whoever stole it may have announced others under it, and nothing tells these from the bank's own: so all of them end, also where the
    key itself was replaced before. A bank without a key is given one by two persons, which comes from none and stays.
    What a key signed decides nothing new from the moment a bank has the directory that says so; earlier decisions stay.
    Raises NotAllowed, NotTheHeadBank, KeyUnknown, ReasonMissing.
    """
    permit(by=by, permission=MANAGE_BANKS, reason=reason)
    with transaction.atomic():
        bank = Bank.objects.select_for_update(no_key=True, of=("self",)).filter(keys__key_id=key_id).first()
        if bank is None:
            raise KeyUnknown(key=key_id)
        with_it = selectors.keys_from(key_id=key_id)
        _revoke(bank.code, key_id, with_it=with_it, by=by, reason=reason, now=now)
        transaction.set_rollback(dry_run)
    return Revoked(bank=bank.code, with_it=with_it)


def receive_keys(*, received: Sequence[Received[KeyAnnounced]], now: datetime) -> None:
    """Let keys speak for the banks that announced them, in the consumer's transaction; what a bank may not announce is a dead letter."""
    for message in received:
        public_key, code = message.data.public_key, message.source
        proof, said = bytes.fromhex(message.data.proof), code.encode()
        if not signing.is_signed(public_key=public_key, domain=signing.Domain.KEY, value=said, signature=proof):
            _refuse(message, "key-not-theirs", f"{code} announced a key whose private half it does not have", now=now)
            continue
        bank = Bank.objects.select_for_update(no_key=True).get(code=code)
        if bank.status != Bank.Status.ACTIVE:
            _refuse(message, BankStatusWrong.code, f"announced by {code}, which is {bank.status}", now=now)
            continue
        announced_by = key_id_of(record=message.record)
        if not bank.keys.filter(key_id=announced_by, revoked_at__isnull=True).exists():  # revoked since the message was verified
            _refuse(message, "key-revoked", f"announced by {code} under {announced_by}", now=now)
            continue
        before = BankKey.objects.filter(bank=bank).count()
        try:
            key_id = add_key(code=code, public_key=public_key, announced_by=announced_by, now=now)
        except (KeyTaken, TooManyKeys) as refusal:
            _refuse(message, refusal.code, f"announced by {code}: {refusal.detail}", now=now)
            continue
        if BankKey.objects.filter(bank=bank).count() > before:
            after = {"key": key_id, "announced_by": announced_by}
            audit.record(actor=None, action="bank.key-announced", subject=code, after=after, now=now)
    announce(now=now)


def receive_retirements(*, received: Sequence[Received[KeyRetired]], now: datetime) -> None:
    """End keys for the banks that replaced them, in the consumer's transaction; no bank ends another's key, or its own last one."""
    for message in received:
        code, key_id = message.source, message.data.key_id
        Bank.objects.select_for_update(no_key=True).get(code=code)
        key = BankKey.objects.filter(key_id=key_id).first()
        if key is None or key.bank_id != code:
            _refuse(message, KeyUnknown.code, f"{code} has no key {key_id} to end", now=now)
        elif not BankKey.objects.filter(bank=code, revoked_at__isnull=True).exclude(key_id=key_id).exists():
            _refuse(message, KeyLast.code, f"{key_id} is the last key of {code}", now=now)
        else:
            _revoke(code, key_id, with_it=[], by=None, reason="replaced by the bank", now=now)


def _revoke(code: str, key_id: str, *, with_it: list[str], by: User | None, reason: str, now: datetime) -> None:
    """End keys of a locked bank, once, and tell all banks."""
    if BankKey.objects.filter(key_id__in=[key_id, *with_it], revoked_at__isnull=True).update(revoked_at=now):
        after = {"key": key_id, "with_it": with_it}
        audit.record(actor=by, action="bank.key-revoked", subject=code, after=after, reason=reason, now=now)
        announce(now=now)


def _refuse(message: Received[KeyAnnounced] | Received[KeyRetired], reason: str, detail: str, *, now: datetime) -> None:
    """Keep what changes nothing, so that staff see which bank said it."""
    dead_letters.bury(record=message.record, reason=reason, detail=detail, now=now)
