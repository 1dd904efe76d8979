"""What takes two persons at the head bank: each kind of question, what is asked, and the deed that follows the second one's word."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from access import approvals, audit
from access.models import Approval, User
from accounts import numbers
from accounts.models import Account
from accounts.services import set_cover
from headbank.errors import BankExists, BankInvalid, BankStatusWrong, CapInvalid, CoverInvalid
from headbank.models import Bank
from headbank.permissions import MANAGE_BANKS
from headbank.services.keys import add_key
from headbank.services.locking import lock_open, permit
from headbank.services.publish import announce
from headbank.services.register import REACTIVATE, add_bank, change_status, check_bank
from messaging import events, signing

Status = Bank.Status
Facts = Mapping[str, Any]
REGISTER, APPROVE, CLOSE = "bank.register", "bank.approve", "bank.close"
ADD_KEY, SET_CAP, SET_COVER = "bank.add-key", "bank.set-cap", "bank.set-cover"
SET_PARTITIONS = "bank.set-partitions"


def ask(*, action: str, code: str, facts: Facts, by: User, reason: str, now: datetime) -> UUID:
    """Ask a second person to do something to the bank; return the approval's id.

    Raises NotAllowed, NotTheHeadBank, ReasonMissing, and what can be seen to be impossible: BankInvalid, BankUnknown, BankClosed,
    BankExists, BankStatusWrong, CapInvalid, CoverInvalid.
    """
    permit(by=by, permission=MANAGE_BANKS, reason=reason)
    with transaction.atomic():
        shown = _FACTS[action](code, facts)
        return approvals.ask(action=action, subject=f"bank:{code}", facts=shown, reason=reason, by=by, now=now)


def approve_request(*, approval_id: UUID, by: User, reason: str = "", now: datetime) -> None:
    """Agree to what somebody else asked for; it is done and announced at once.

    Raises NotAllowed, NotTheHeadBank, ApprovalNotWaiting, OwnApproval, what has become impossible since it was asked, and
    ApprovalOutdated where the bank is not as the question shows it.
    """
    permit(by=by, permission=MANAGE_BANKS)
    with transaction.atomic():
        approval = approvals.agree(approval_id, *_DEEDS, permission=MANAGE_BANKS, by=by, reason=reason, now=now)
        code = approval.subject.removeprefix("bank:")
        approvals.require_unchanged(approval, **_FACTS[approval.action](code, approval.facts))
        _DEEDS[approval.action](code, approval.facts, by=by, reason=approval.reason, now=now)
        announce(now=now)


def ask_or_approve(*, action: str, code: str, facts: Facts, by: User, reason: str, now: datetime) -> bool:
    """Ask as the first person, or agree as the second to exactly what the first asked for; return whether it was done.

    Raises as `ask` and `approve_request`.
    """
    permit(by=by, permission=MANAGE_BANKS)
    with transaction.atomic():
        waiting = Approval.objects.filter(subject=f"bank:{code}", action=action, status=Approval.Status.WAITING).order_by("id")
        wanted = _FACTS[action](code, facts)
        same = next((question for question in waiting if question.facts == wanted), None)
        if same is None:
            ask(action=action, code=code, facts=facts, by=by, reason=reason, now=now)
        else:
            approve_request(approval_id=same.pk, by=by, reason=reason, now=now)
    return same is not None


def _facts_of_new(code: str, facts: Facts) -> dict[str, Any]:
    check_bank(code=code, facts=facts)
    if Bank.objects.filter(code=code).exists():
        raise BankExists(bank=code)
    return {**facts, "key": signing.key_id_of(public_key=facts["public_key"])}


def _facts_of_application(code: str, facts: Facts) -> dict[str, Any]:  # noqa: ARG001  # every row of the table is asked alike
    bank = _with_status(lock_open(code), Status.APPLIED)
    keys = [key.key_id for key in bank.keys.order_by("key_id")]
    said = {"name": bank.name, "contact": bank.contact, "site_url": bank.site_url, "api_url": bank.api_url}
    return {**said, "partitions": bank.partitions, "keys": keys}


def _facts_of_suspended(code: str, facts: Facts) -> dict[str, Any]:  # noqa: ARG001  # every row of the table is asked alike
    return {"name": _with_status(lock_open(code), Status.SUSPENDED).name}


def _facts_of_open(code: str, facts: Facts) -> dict[str, Any]:  # noqa: ARG001  # every row of the table is asked alike
    return {"name": lock_open(code).name}


def _facts_of_key(code: str, facts: Facts) -> dict[str, Any]:
    bank = lock_open(code)
    check_bank(code=code, facts={"name": bank.name, "partitions": bank.partitions, **facts})
    return {"public_key": facts["public_key"], "key": signing.key_id_of(public_key=facts["public_key"])}


def _facts_of_cap(code: str, facts: Facts) -> dict[str, Any]:
    bank = lock_open(code)
    try:
        msgspec.convert({facts["currency"]: facts["cap_minor"] or 0}, type=dict[events.Currency, events.CapMinor])
    except msgspec.ValidationError as error:
        raise CapInvalid(why=str(error)) from error
    currency = facts["currency"]
    return {"currency": currency, "cap_minor": facts["cap_minor"], "cap_now_minor": bank.debit_caps.get(currency)}


def _facts_of_cover(code: str, facts: Facts) -> dict[str, Any]:
    lock_open(code)
    try:
        msgspec.convert({facts["currency"]: facts["cover_minor"]}, type=dict[events.Currency, events.CapMinor])
    except msgspec.ValidationError as error:
        raise CoverInvalid(why=str(error)) from error
    currency = facts["currency"]
    floors = Account.objects.filter(number=numbers.settlement_of(code, currency)).values_list("floor_minor", flat=True)
    return {"currency": currency, "cover_minor": facts["cover_minor"], "cover_now_minor": -(floors.first() or 0)}


def _facts_of_partitions(code: str, facts: Facts) -> dict[str, Any]:
    bank = lock_open(code)
    try:
        msgspec.convert(facts["partitions"], type=events.Partitions)
    except msgspec.ValidationError as error:
        raise BankInvalid(why=f"the number of partitions: {error}") from error
    return {"partitions": facts["partitions"], "partitions_now": bank.partitions}


def _register(code: str, facts: Facts, *, by: User, reason: str, now: datetime) -> None:
    add_bank(code=code, facts=facts, status=Status.ACTIVE, by=by, reason=reason, now=now)


def _approve(code: str, facts: Facts, *, by: User, reason: str, now: datetime) -> None:  # noqa: ARG001  # every row of the table is done alike
    change_status(_with_status(lock_open(code), Status.APPLIED), to=Status.ACTIVE, by=by, reason=reason, now=now)


def _reactivate(code: str, facts: Facts, *, by: User, reason: str, now: datetime) -> None:  # noqa: ARG001  # every row of the table is done alike
    change_status(_with_status(lock_open(code), Status.SUSPENDED), to=Status.ACTIVE, by=by, reason=reason, now=now)


def _close(code: str, facts: Facts, *, by: User, reason: str, now: datetime) -> None:  # noqa: ARG001  # every row of the table is done alike
    change_status(lock_open(code), to=Status.CLOSED, by=by, reason=reason, now=now)


def _add_key(code: str, facts: Facts, *, by: User, reason: str, now: datetime) -> None:
    lock_open(code)
    key_id = add_key(code=code, public_key=facts["public_key"], now=now)
    audit.record(actor=by, action="bank.key-added", subject=code, after={"key": key_id}, reason=reason, now=now)


def _set_cap(code: str, facts: Facts, *, by: User, reason: str, now: datetime) -> None:
    bank = lock_open(code)
    others = {currency: cap for currency, cap in bank.debit_caps.items() if currency != facts["currency"]}
    caps = others if facts["cap_minor"] is None else others | {facts["currency"]: facts["cap_minor"]}
    Bank.objects.filter(code=code).update(debit_caps=caps)
    audit.record(
        actor=by,
        action="bank.cap-set",
        subject=code,
        before={"debit_caps": bank.debit_caps},
        after={"debit_caps": caps},
        reason=reason,
        now=now,
    )


def _set_cover(code: str, facts: Facts, *, by: User, reason: str, now: datetime) -> None:
    number, cover_minor = numbers.settlement_of(code, facts["currency"]), facts["cover_minor"]
    before = set_cover(number=number, cover_minor=cover_minor, now=now)
    changes = {"before": {"cover_minor": before}, "after": {"cover_minor": cover_minor}}
    audit.record(actor=by, action="bank.cover-set", subject=number, **changes, reason=reason, now=now)


def _set_partitions(code: str, facts: Facts, *, by: User, reason: str, now: datetime) -> None:
    bank = lock_open(code)
    Bank.objects.filter(code=code).update(partitions=facts["partitions"])
    changes = {"before": {"partitions": bank.partitions}, "after": {"partitions": facts["partitions"]}}
    audit.record(actor=by, action="bank.partitions-set", subject=code, **changes, reason=reason, now=now)


def _with_status(bank: Bank, status: Status) -> Bank:
    if bank.status != status:
        raise BankStatusWrong(bank=bank.code, status=bank.status)
    return bank


_FACTS: Mapping[str, Callable[[str, Facts], dict[str, Any]]] = {
    REGISTER: _facts_of_new,
    APPROVE: _facts_of_application,
    REACTIVATE: _facts_of_suspended,
    CLOSE: _facts_of_open,
    ADD_KEY: _facts_of_key,
    SET_CAP: _facts_of_cap,
    SET_COVER: _facts_of_cover,
    SET_PARTITIONS: _facts_of_partitions,
}
_DEEDS: Mapping[str, Callable[..., None]] = {
    REGISTER: _register,
    APPROVE: _approve,
    REACTIVATE: _reactivate,
    CLOSE: _close,
    ADD_KEY: _add_key,
    SET_CAP: _set_cap,
    SET_COVER: _set_cover,
    SET_PARTITIONS: _set_partitions,
}
ACTIONS = tuple(_DEEDS)
