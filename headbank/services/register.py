"""Who is in the register, and where each bank stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction

from access import approvals, audit
from access.models import User
from access.site import this_bank
from headbank.errors import BankExists, BankInvalid, BankStatusWrong
from headbank.models import Bank, BankKey
from headbank.permissions import MANAGE_BANKS, REGISTER_BANK
from headbank.services.keys import add_key
from headbank.services.locking import lock_open, permit
from headbank.services.publish import announce
from messaging import events
from messaging.letter_box import topic_of

Status = Bank.Status
REACTIVATE = "bank.reactivate"


def register_bank(*, code: str, name: str, public_key: str, partitions: int, by: User, now: datetime) -> bool:
    """Add an active bank with its first key (32 bytes in hex) at the machine itself; return False when it is registered like this already.

    Raises NotAllowed, NotTheHeadBank, BankInvalid, BankExists, KeyTaken.
    """
    permit(by=by, permission=REGISTER_BANK)
    facts = {"name": name, "public_key": public_key, "partitions": partitions}
    with transaction.atomic():
        is_new = add_bank(code=code, facts=facts, status=Status.ACTIVE, by=by, reason="", now=now)
        announce(now=now)
    return is_new


def add_bank(*, code: str, facts: Mapping[str, Any], status: str, by: User | None, reason: str, now: datetime) -> bool:
    """Write a bank and its first key; return False when it is registered like this already. Raises BankInvalid, BankExists, KeyTaken."""
    check_bank(code=code, facts=facts)
    known = Bank.objects.select_for_update(no_key=True).filter(code=code).first()
    if known is not None:
        same = (known.name, known.partitions) == (facts["name"], facts["partitions"])
        if same and known.status != Status.APPLIED and known.keys.filter(public_key=facts["public_key"]).exists():
            return False
        raise BankExists(bank=code)
    details = {name: facts.get(name, "") for name in ("contact", "site_url", "api_url")}
    Bank.objects.create(
        code=code,
        name=facts["name"],
        topic=topic_of(code=code),
        partitions=facts["partitions"],
        status=status,
        registered_at=now,
        **details,
    )
    key_id = add_key(code=code, public_key=facts["public_key"], now=now)
    after = {"name": facts["name"], "partitions": facts["partitions"], "key": key_id, "status": status}
    audit.record(actor=by, action="bank.registered", subject=code, after=after, reason=reason, now=now)
    return True


def check_bank(*, code: str, facts: Mapping[str, Any]) -> None:
    """Raise BankInvalid unless the directory, whose bounds are those of the wire, can carry the bank."""
    key = {"id": "0" * 16, "public_key": facts["public_key"]}
    bank = {"code": code, "topic": topic_of(code=code), "status": Status.ACTIVE.value, "keys": [key]}
    try:
        msgspec.convert(bank | {name: facts[name] for name in ("name", "partitions")}, type=events.Bank)
    except msgspec.ValidationError as error:
        raise BankInvalid(why=str(error)) from error
    check_code(code)


def check_code(code: str) -> None:
    """Raise BankInvalid for what no bank but this one can be called."""
    try:
        msgspec.convert(code, type=events.BankCode)
    except msgspec.ValidationError as error:
        raise BankInvalid(why=f"its code is four capital letters ({error})") from error
    if code == this_bank().code:
        raise BankInvalid(why=f"{code} is the head bank's own code")


def suspend_bank(*, code: str, by: User, reason: str, now: datetime) -> None:
    """Let nothing new go to or come from the bank, at once and by one person: what is under way still finishes (protocol rule 8).

    Suspending twice is suspending once. Raises NotAllowed, NotTheHeadBank, BankUnknown, BankClosed, BankStatusWrong, ReasonMissing.
    """
    permit(by=by, permission=MANAGE_BANKS, reason=reason)
    with transaction.atomic():
        bank = lock_open(code)
        if bank.status == Status.APPLIED:
            raise BankStatusWrong(bank=code, status=bank.status)
        if bank.status != Status.SUSPENDED:
            change_status(bank, to=Status.SUSPENDED, by=by, reason=reason, now=now)
            announce(now=now)


def change_status(bank: Bank, *, to: Status, by: User, reason: str, now: datetime) -> None:
    """Write the status of a locked bank with its evidence; what was asked about an earlier suspension ends, and a closed bank's keys."""
    before = bank.status
    Bank.objects.filter(code=bank.code, status=before).update(status=to)
    approvals.end_waiting(subject=f"bank:{bank.code}", action=REACTIVATE, now=now)
    if to == Status.CLOSED:
        BankKey.objects.filter(bank=bank, revoked_at__isnull=True).update(revoked_at=now)
    audit.record(
        actor=by,
        action=f"bank.{to.value}",
        subject=bank.code,
        before={"status": before},
        after={"status": to.value},
        reason=reason,
        now=now,
    )
