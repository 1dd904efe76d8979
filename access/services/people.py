"""The staff: let in, given roles by two persons, shut out, given another password; each change with its evidence."""

import re
import secrets
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F

from access import approvals, audit, permissions, selectors, tokens
from access.errors import (
    AdministratorsEnough,
    NoSecondPerson,
    NotAPerson,
    OwnUser,
    RoleUnknown,
    UserNameInvalid,
    UserNameTaken,
    UserUnknown,
)
from access.models import User
from access.permissions import require
from access.roles import ADMINISTRATOR, API_CLIENT, SYSTEM
from access.services.opening import open_access
from access.services.users import add_user, replace_password

GIVE_ROLES = "user.roles"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}", re.ASCII)
_FIRST = 2  # persons it takes to let in others
_NOT_FOR_PEOPLE = (API_CLIENT, SYSTEM)


def staff_roles() -> list[str]:
    """Return the roles of this site that a person can have."""
    return list(Group.objects.exclude(name__in=_NOT_FOR_PEOPLE).order_by("name").values_list("name", flat=True))


def employ(*, username: str, first_name: str, last_name: str, roles: Collection[str], reason: str, by: User, now: datetime) -> str:
    """Let a member of staff in and return the password, shown once; a second person is asked for the roles, without which nothing opens.

    Raises NotAllowed, ReasonMissing, UserNameInvalid, RoleUnknown, UserNameTaken.
    """
    require(by=by, permission=permissions.MANAGE_USERS, reason=reason)
    with transaction.atomic():
        user, password = _let_in(username, first_name, last_name, now=now)
        after = {"first_name": user.first_name, "last_name": user.last_name}
        audit.record(actor=by, action="user.employed", subject=f"user:{username}", after=after, reason=reason, now=now)
        if roles:
            _ask_for_roles(user, roles, reason=reason, by=by, now=now)
    return password


def appoint_administrator(*, username: str, first_name: str, last_name: str, now: datetime) -> str:
    """Let an administrator in as the bank's own deed and return the password, shown once, as long as there are fewer than two.

    Everybody else is let in by these, who agree to each other's questions. Raises AdministratorsEnough, UserNameInvalid, UserNameTaken.
    """
    open_access()
    with transaction.atomic():
        role = Group.objects.select_for_update().get(name=ADMINISTRATOR)
        there = sorted(User.objects.filter(groups=role, is_active=True).values_list("username", flat=True))
        if len(there) >= _FIRST:
            raise AdministratorsEnough(users=", ".join(there))
        user, password = _let_in(username, first_name, last_name, now=now)
        user.groups.set([role])
        after = {"first_name": user.first_name, "last_name": user.last_name, "roles": [ADMINISTRATOR]}
        audit.record(actor=None, action="user.appointed", subject=f"user:{username}", after=after, now=now)
    return password


def ask_for_roles(*, username: str, roles: Collection[str], reason: str, by: User, now: datetime) -> UUID:
    """Ask a second person to give a member of staff exactly these roles; return the approval.

    Raises NotAllowed, ReasonMissing, NotAPerson, OwnUser, RoleUnknown.
    """
    require(by=by, permission=permissions.MANAGE_USERS, reason=reason)
    with transaction.atomic():
        return _ask_for_roles(_lock(username, by=by), roles, reason=reason, by=by, now=now)


def give_roles(*, approval_id: UUID, reason: str = "", by: User, now: datetime) -> None:
    """Agree to what was asked and give the roles; nobody decides about their own.

    Raises NotAllowed, ApprovalNotWaiting, OwnApproval, ApprovalOutdated, NotAPerson, OwnUser.
    """
    with transaction.atomic():
        approval = approvals.agree(approval_id, GIVE_ROLES, permission=permissions.MANAGE_USERS, by=by, reason=reason, now=now)
        user = _lock(approval.facts["user"], by=by)
        before = _roles_of(user)
        approvals.require_unchanged(approval, roles_now=before)
        user.groups.set(Group.objects.filter(name__in=approval.facts["roles"]))
        tokens.end_all(user=user, why="roles-changed", now=now)
        after = {"roles": sorted(approval.facts["roles"])}
        subject = f"user:{user.get_username()}"
        audit.record(actor=by, action="user.roles-given", subject=subject, before={"roles": before}, after=after, reason=reason, now=now)


def disable_user(*, username: str, reason: str, by: User, now: datetime) -> None:
    """Shut a member of staff out at once; raises NotAllowed, ReasonMissing, NotAPerson, OwnUser."""
    _set_active(username, is_active=False, action="user.disabled", reason=reason, by=by, now=now)


def enable_user(*, username: str, reason: str, by: User, now: datetime) -> None:
    """Let a member of staff in again, with the roles of before; raises NotAllowed, ReasonMissing, NotAPerson, OwnUser."""
    _set_active(username, is_active=True, action="user.enabled", reason=reason, by=by, now=now)


def reset_password(*, username: str, reason: str, by: User, now: datetime) -> str:
    """Give a member of staff another password, end their sign-ins and return it, shown once.

    Whoever gave it knows it, and could be two persons alone: it opens nothing until a second person gives the roles of before again.
    Raises NotAllowed, ReasonMissing, NotAPerson, OwnUser, and NoSecondPerson where nobody could.
    """
    require(by=by, permission=permissions.MANAGE_USERS, reason=reason)
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        user, subject = _lock(username, by=by), f"user:{username}"
        replace_password(user, password, given=True, why="password-reset", now=now)
        approvals.end_waiting(subject=subject, action=GIVE_ROLES, now=now)  # somebody else's, to which who knows the password could agree
        if roles := _roles_of(user):
            if not selectors.is_there_another(permission=permissions.MANAGE_USERS, than=[by, user]):
                raise NoSecondPerson(user=username)
            user.groups.clear()
            _ask_for_roles(user, roles, reason=reason, by=by, now=now)
        before = {"roles": roles}
        audit.record(actor=by, action="user.password-reset", subject=subject, before=before, after={"roles": []}, reason=reason, now=now)
    return password


def choose_password(*, password: str, by: User, now: datetime) -> None:
    """Give oneself another password; every sign-in with the old one is over, but for the session in which it is chosen.

    Whoever calls has proved who it is, and has judged the password.
    """
    with transaction.atomic():
        replace_password(by, password, given=False, why="password-chosen", now=now)
        audit.record(actor=by, action="user.password-chosen", subject=f"user:{by.get_username()}", now=now)


def sign_out(*, username: str, reason: str, by: User, now: datetime) -> None:
    """End everything somebody, a person or a program, is signed in with; who knows the password or secret can sign in again.

    Raises NotAllowed, ReasonMissing, UserUnknown.
    """
    require(by=by, permission=permissions.MANAGE_USERS, reason=reason)
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).filter(username=username).first()
        if user is None:
            raise UserUnknown(user=username)
        User.objects.filter(pk=user.pk).update(sign_outs=F("sign_outs") + 1)
        tokens.end_all(user=user, why="signed-out-by-staff", now=now)
        audit.record(actor=by, action="user.signed-out", subject=f"user:{username}", reason=reason, now=now)


def _let_in(username: str, first_name: str, last_name: str, *, now: datetime) -> tuple[User, str]:
    """Make a member of staff without roles; return it with its password. Raises UserNameInvalid, UserNameTaken."""
    if not _NAME.fullmatch(username):
        raise UserNameInvalid(name=username[:80])
    password = secrets.token_urlsafe(12)
    named = {"first_name": first_name[:150], "last_name": last_name[:150]}
    user = User(username=username, **named, is_staff=True, date_joined=now, password_given=True)
    return add_user(user, password, taken=UserNameTaken(name=username)), password


def _set_active(username: str, *, is_active: bool, action: str, reason: str, by: User, now: datetime) -> None:
    require(by=by, permission=permissions.MANAGE_USERS, reason=reason)
    with transaction.atomic():
        user = _lock(username, by=by)
        User.objects.filter(pk=user.pk).update(is_active=is_active)
        if not is_active:
            tokens.end_all(user=user, why="disabled", now=now)
        before, after = {"is_active": user.is_active}, {"is_active": is_active}
        audit.record(actor=by, action=action, subject=f"user:{username}", before=before, after=after, reason=reason, now=now)


def _ask_for_roles(user: User, roles: Collection[str], *, reason: str, by: User, now: datetime) -> UUID:
    if unknown := set(roles) - set(staff_roles()):
        raise RoleUnknown(roles=", ".join(sorted(unknown))[:200], known=", ".join(staff_roles()))
    username = user.get_username()
    facts = {"user": username, "roles": sorted(roles), "roles_now": _roles_of(user)}
    return approvals.ask(action=GIVE_ROLES, subject=f"user:{username}", facts=facts, reason=reason, by=by, now=now)


def _lock(username: str, *, by: User) -> User:
    """Lock a person's row: not a program's, not the bank's own, not one's own."""
    user = User.objects.select_for_update(no_key=True).filter(username=username, is_staff=True).first()
    if user is None or user.groups.filter(name__in=_NOT_FOR_PEOPLE).exists():
        raise NotAPerson(user=username)
    if user.pk == by.pk:
        raise OwnUser(user=username)
    return user


def _roles_of(user: User) -> list[str]:
    return sorted(user.groups.values_list("name", flat=True))
