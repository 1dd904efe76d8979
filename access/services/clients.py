"""The programs that act in the bank: enlisted, narrowed, limited, shut out; each change with its evidence."""

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.contrib.auth.models import Group
from django.db import transaction

from access import approvals, audit, permissions, selectors
from access.errors import (
    ClientLimitInvalid,
    ClientNameInvalid,
    ClientNameTaken,
    ClientUnknown,
    NoSecondPerson,
    ScopeUnknown,
)
from access.models import ApiClient, OrderLimit, User
from access.permissions import require
from access.roles import API_CLIENT, ROLES
from access.services.users import add_user, replace_password
from access.site import this_bank

GIVE_WHOLE_BANK, RAISE_LIMITS = "client.whole-bank", "client.raise-limits"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}", re.ASCII)
_SECRET_BYTES = 32
_MOST_MINOR = 10**15


@dataclass(frozen=True, kw_only=True, slots=True)
class EnlistedClient:
    """A program and what it signs in with, shown once and kept nowhere; the question, where a second person is asked for its reach."""

    username: str
    secret: str
    approval_id: UUID | None = None


def enlist_client(
    *,
    username: str,
    name: str,
    scopes: Collection[str] | None,
    whole_bank: bool,
    requests_per_minute: int | None,
    reason: str = "",
    by: User,
    now: datetime,
) -> EnlistedClient:
    """Let a program in: with the API client's role, narrowed to the scopes unless None, and for the customers who give it a mandate.

    A second person is asked whether it may act for the `whole_bank`. Raises NotAllowed, ClientNameInvalid, ScopeUnknown, ClientNameTaken.
    """
    require(by=by, permission=permissions.MANAGE_USERS)
    if not _NAME.fullmatch(username):
        raise ClientNameInvalid(name=username[:80])
    given: dict[str, Any] = {"scopes": _checked(scopes), "requests_per_minute": requests_per_minute}
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    with transaction.atomic():
        user = _add_user(username, name, secret, now=now)
        user.groups.set(Group.objects.filter(name=API_CLIENT))
        ApiClient.objects.create(user=user, **given)
        audit.record(actor=by, action="client.enlisted", subject=f"user:{username}", after={"name": name} | given, reason=reason, now=now)
        approval_id = _ask_for_whole_bank(username, reason=reason, by=by, now=now) if whole_bank else None
    return EnlistedClient(username=username, secret=secret, approval_id=approval_id)


def change_client(*, username: str, reason: str = "", by: User, now: datetime, **values: Any) -> UUID | None:
    """Give a program other `scopes`, `whole_bank`, `requests_per_minute` or `is_active`; what is not named stays.

    A program that is not active is shut out at once. A second person is asked whether it may act for the whole bank from now on: the
    approval is returned, and its reach stays as it is until then; that it may not ends the question. Raises NotAllowed, ScopeUnknown,
    ClientUnknown.
    """
    require(by=by, permission=permissions.MANAGE_USERS)
    if "scopes" in values:
        values["scopes"] = _checked(values["scopes"])
    with transaction.atomic():
        client = _lock(username)
        approval_id = None
        if values.get("whole_bank") is False and approvals.end_waiting(subject=f"user:{username}", action=GIVE_WHOLE_BANK, now=now):
            audit.record(actor=by, action="client.whole-bank-withdrawn", subject=f"user:{username}", reason=reason, now=now)
        if values.get("whole_bank") and not client.whole_bank:
            del values["whole_bank"]
            approval_id = _ask_for_whole_bank(username, reason=reason, by=by, now=now)
        before = {name: client.user.is_active if name == "is_active" else getattr(client, name) for name in values}
        changed = {name: value for name, value in values.items() if value != before[name]}
        if not changed:
            return approval_id
        own = {name: value for name, value in changed.items() if name != "is_active"}
        ApiClient.objects.filter(pk=client.pk).update(**own)
        if "is_active" in changed:  # the user is as of before the wait for the lock: what was not asked for is not written
            User.objects.filter(pk=client.pk).update(is_active=changed["is_active"])
        old = {name: before[name] for name in changed}
        audit.record(actor=by, action="client.changed", subject=f"user:{username}", before=old, after=changed, reason=reason, now=now)
    return approval_id


def give_whole_bank(*, approval_id: UUID, reason: str = "", by: User, now: datetime) -> None:
    """Agree to what was asked: the program acts for every customer. Raises NotAllowed, ApprovalNotWaiting, OwnApproval, ClientUnknown."""
    with transaction.atomic():
        approval = approvals.agree(approval_id, GIVE_WHOLE_BANK, permission=permissions.MANAGE_USERS, by=by, reason=reason, now=now)
        _set_whole_bank(_lock(approval.facts["client"]), value=True, reason=reason, by=by, now=now)


def limit_client(*, username: str, limits: Mapping[str, OrderLimit], reason: str = "", by: User, now: datetime) -> UUID | None:
    """Set all that a program may order, by currency; a currency that is not named is without limit.

    What it has ordered today counts. Where it could order more than before, a second person is asked: the approval is returned, and
    everything stays as it is until then. Raises NotAllowed, ClientLimitInvalid, ClientUnknown.
    """
    require(by=by, permission=permissions.LIMIT_CLIENT)
    for currency, limit in limits.items():
        amounts = [amount for amount in (limit.per_transfer_minor, limit.per_day_minor) if amount is not None]
        if currency not in this_bank().currencies or not all(0 <= amount <= _MOST_MINOR for amount in amounts):
            raise ClientLimitInvalid(currency=currency[:10])
    given = {currency: msgspec.to_builtins(limit) for currency, limit in sorted(limits.items())}
    with transaction.atomic():
        client = _lock(username)
        if any(not limits.get(currency, OrderLimit()).is_within(limit) for currency, limit in client.user.order_limits.items()):
            facts = {"client": username, "limits": given, "limits_now": client.limits}
            return approvals.ask(action=RAISE_LIMITS, subject=f"user:{username}", facts=facts, reason=reason, by=by, now=now)
        _set_limits(client, given, reason=reason, by=by, now=now)
    return None


def raise_limits(*, approval_id: UUID, reason: str = "", by: User, now: datetime) -> None:
    """Agree to the limits that `limit_client` asked for.

    Raises NotAllowed, ApprovalNotWaiting, OwnApproval, ApprovalOutdated, ClientUnknown.
    """
    with transaction.atomic():
        approval = approvals.agree(approval_id, RAISE_LIMITS, permission=permissions.LIMIT_CLIENT, by=by, reason=reason, now=now)
        client = _lock(approval.facts["client"])
        approvals.require_unchanged(approval, limits_now=client.limits)
        _set_limits(client, approval.facts["limits"], reason=reason, by=by, now=now)


def renew_secret(*, username: str, reason: str = "", by: User, now: datetime) -> EnlistedClient:
    """Give a program another secret and end its sign-ins: who had the old one is out.

    Whoever renewed it knows it: a program that acts for the whole bank does so again when a second person agrees, whose approval is
    returned; its mandates stay. Raises NotAllowed, ClientUnknown, NoSecondPerson where nobody else could agree.
    """
    require(by=by, permission=permissions.MANAGE_USERS)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    with transaction.atomic():
        client = _lock(username)
        replace_password(client.user, secret, given=False, why="secret-renewed", now=now)
        audit.record(actor=by, action="client.secret-renewed", subject=f"user:{username}", reason=reason, now=now)
        asked = approvals.end_waiting(subject=f"user:{username}", action=GIVE_WHOLE_BANK, now=now)  # who renews could agree to it
        if client.whole_bank and not selectors.is_there_another(permission=permissions.MANAGE_USERS, than=[by]):
            raise NoSecondPerson(user=username)
        if client.whole_bank:
            _set_whole_bank(client, value=False, reason=reason, by=by, now=now)
        approval_id = _ask_for_whole_bank(username, reason=reason, by=by, now=now) if client.whole_bank or asked else None
    return EnlistedClient(username=username, secret=secret, approval_id=approval_id)


def _set_whole_bank(client: ApiClient, *, value: bool, reason: str, by: User, now: datetime) -> None:
    ApiClient.objects.filter(pk=client.pk).update(whole_bank=value)
    old, new, subject = {"whole_bank": client.whole_bank}, {"whole_bank": value}, f"user:{client.user.get_username()}"
    audit.record(actor=by, action="client.changed", subject=subject, before=old, after=new, reason=reason, now=now)


def _set_limits(client: ApiClient, limits: Mapping[str, Any], *, reason: str, by: User, now: datetime) -> None:
    ApiClient.objects.filter(pk=client.pk).update(limits=limits)
    old, new, subject = {"limits": client.limits}, {"limits": limits}, f"user:{client.user.get_username()}"
    audit.record(actor=by, action="client.limited", subject=subject, before=old, after=new, reason=reason, now=now)


def _ask_for_whole_bank(username: str, *, reason: str, by: User, now: datetime) -> UUID:
    return approvals.ask(action=GIVE_WHOLE_BANK, subject=f"user:{username}", facts={"client": username}, reason=reason, by=by, now=now)


def _checked(scopes: Collection[str] | None) -> list[str] | None:
    """Return the scopes as they are kept; raises ScopeUnknown for one the role does not give."""
    if scopes is None:
        return None
    if unknown := set(scopes) - ROLES[API_CLIENT]:
        raise ScopeUnknown(scopes=", ".join(sorted(unknown))[:200], known=", ".join(sorted(ROLES[API_CLIENT])))
    return sorted(set(scopes))


def _add_user(username: str, name: str, secret: str, *, now: datetime) -> User:
    return add_user(User(username=username, first_name=name[:150], date_joined=now), secret, taken=ClientNameTaken(name=username))


def _lock(username: str) -> ApiClient:
    """Lock a program's row; raises ClientUnknown."""
    rows = ApiClient.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
    client = rows.filter(user__username=username).first()
    if client is None:
        raise ClientUnknown(user=username)
    return client
