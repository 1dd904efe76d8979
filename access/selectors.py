"""What access shows: who somebody is, and the questions that wait for a second person."""

from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef

from access.errors import ApprovalUnknown, ClientUnknown, UserUnknown
from access.keyring import Keyring
from access.masking import HIDDEN, veil
from access.models import ApiClient, Approval, User
from access.permissions import KNOW_CUSTOMERS

_OF_CUSTOMERS = {"debtor", "account"}  # facts that only questions about customers have


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A user as the bank knows them; `acts_for_all` is false for a program that needs a customer's mandate."""

    username: str
    name: str
    roles: list[str]
    permissions: list[str]
    acts_for_all: bool


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as programs read it (RFC 8037)."""

    kid: str
    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"
    alg: str = "EdDSA"
    use: str = "sig"


class KeySet(msgspec.Struct, frozen=True, kw_only=True):
    """Every key whose tokens count (RFC 7517)."""

    keys: list[PublicKey]


@dataclass(frozen=True, kw_only=True)
class WaitingApproval:
    """A question nobody has decided yet."""

    id: UUID
    action: str
    subject: str
    facts: Mapping[str, Any]
    reason: str
    asked_by: str
    asked_by_id: int
    asked_at: Annotated[datetime, msgspec.Meta(tz=True)]


class ClientLimit(msgspec.Struct, frozen=True, kw_only=True):
    """How much a program may order in a currency, in minor units: at once, and in a day; null is without limit."""

    currency: str
    per_transfer_minor: int | None
    per_day_minor: int | None


class ClientRow(msgspec.Struct, frozen=True, kw_only=True):
    """A program. `scopes` null is all that its role may; without `whole_bank` it acts for the customers who gave it a mandate."""

    username: str
    name: str
    is_active: bool
    scopes: list[str] | None
    whole_bank: bool
    requests_per_minute: int | None
    limits: list[ClientLimit]
    enlisted_at: Annotated[datetime, msgspec.Meta(tz=True)]


def clients(*, after: str = "", limit: int = 50) -> list[ClientRow]:
    """Return the programs by user name, from behind the one named by `after`."""
    rows = ApiClient.objects.select_related("user").filter(user__username__gt=after).order_by("user__username")
    return [_client_row(row) for row in rows[:limit]]


def client_named(*, username: str) -> ClientRow:
    """Return the program of this name; raises ClientUnknown."""
    return _client_row(_client(username))


def client_user(username: str) -> User:
    """Return the user a program acts as; raises ClientUnknown."""
    return _client(username).user


def waiting(*, by: User, after: UUID | None = None, limit: int = 50) -> list[WaitingApproval]:
    """Return the waiting questions, oldest first, from behind the one named by `after`, as `by` may see them."""
    rows = Approval.objects.filter(status__word=Approval.Status.WAITING).select_related("asked_by").order_by("id")
    page = rows.filter(id__gt=after) if after else rows
    return [_waiting(row, by=by) for row in page[:limit]]


def waiting_approval(*, approval_id: UUID, by: User) -> WaitingApproval | None:
    """Return the question while it waits, as `by` may see it; None when it does not."""
    row = Approval.objects.filter(id=approval_id, status=Approval.Status.WAITING).select_related("asked_by").first()
    return _waiting(row, by=by) if row else None


def waiting_count(*, at_most: int = 10_000) -> int:
    """Return how many questions wait, counting no further than asked."""
    return Approval.objects.filter(status__word=Approval.Status.WAITING)[:at_most].count()


def waiting_since() -> datetime | None:
    """Return when the oldest waiting question was asked."""
    return (
        Approval.objects.filter(status__word=Approval.Status.WAITING).order_by("asked_at", "id").values_list("asked_at", flat=True).first()
    )


def is_there_another(*, permission: str, than: Collection[User]) -> bool:
    """Return whether somebody of the staff but these can sign in and holds the permission."""
    others = User.objects.filter(is_staff=True, is_active=True).exclude(pk__in=[user.pk for user in than])
    return any(holders_of(permission=permission, among=list(others.values_list("pk", flat=True))))


def user_named(username: str) -> User:
    """Return the active user of this name; raise UserUnknown."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise UserUnknown(user=username)
    return user


def staff_names() -> list[str]:
    """Return the user names of the staff, those who left included."""
    return list(User.objects.filter(is_staff=True).order_by("username").values_list("username", flat=True)[:500])


def holders_of(*, permission: str, among: Collection[int]) -> dict[int, User]:
    """Return those of the users, by id, who are active and hold the permission as of now; one query, their programs read with them."""
    app, codename = permission.split(".")
    granting = Permission.objects.filter(content_type__app_label=app, codename=codename)
    by_role, own = granting.filter(group__user=OuterRef("pk")), granting.filter(user=OuterRef("pk"))
    users = User.objects.filter(Exists(by_role) | Exists(own), pk__any=list(among), is_active=True).select_related("client")
    return {user.pk: user for user in users if _is_in_scope(user, permission)}


def approval_by_id(*, approval_id: UUID) -> Approval:
    """Return a question, waiting or decided; raises ApprovalUnknown."""
    approval = Approval.objects.filter(id=approval_id).first()
    if approval is None:
        raise ApprovalUnknown(approval=str(approval_id))
    return approval


def profile(*, user: User) -> Profile:
    """Return who the user is and what they may do now."""
    return Profile(
        username=user.get_username(),
        name=user.get_full_name(),
        roles=sorted(user.groups.values_list("name", flat=True)),
        permissions=sorted(user.get_all_permissions()),
        acts_for_all=user.acts_for_all,
    )


def key_set(*, keyring: Keyring) -> KeySet:
    """Return the keys that count as a program reads them."""
    keys = keyring.public_keys().items()
    return KeySet(keys=[PublicKey(kid=key_id, x=urlsafe_b64encode(bytes.fromhex(key)).rstrip(b"=").decode()) for key_id, key in keys])


def _client(username: str) -> ApiClient:
    client = ApiClient.objects.select_related("user").filter(user__username=username).first()
    if client is None:
        raise ClientUnknown(user=username)
    return client


def _client_row(row: ApiClient) -> ClientRow:
    limits = [ClientLimit(currency=currency, **msgspec.structs.asdict(limit)) for currency, limit in sorted(row.user.order_limits.items())]
    return ClientRow(
        username=row.user.get_username(),
        name=row.user.get_full_name(),
        is_active=row.user.is_active,
        scopes=row.scopes,
        whole_bank=row.whole_bank,
        requests_per_minute=row.requests_per_minute,
        limits=limits,
        enlisted_at=row.user.date_joined,
    )


def _is_in_scope(user: User, permission: str) -> bool:
    """Return whether a program's scopes leave the permission to it; a person has none that narrow."""
    client = getattr(user, "client", None)
    return client is None or client.scopes is None or permission in client.scopes


def _waiting(row: Approval, *, by: User) -> WaitingApproval:
    """Return a question as it is shown: customers are hidden from who need not know them, and so is what they wrote of an order."""
    if _OF_CUSTOMERS & row.facts.keys() and not by.has_perm(KNOW_CUSTOMERS):
        row.reason = HIDDEN if row.reason and "debtor" in row.facts else row.reason
        veil(row, ("subject", "facts", "reason"))
    return WaitingApproval(
        id=row.id,
        action=row.action,
        subject=row.subject,
        facts=row.facts,
        reason=row.reason,
        asked_by=row.asked_by.get_username(),
        asked_by_id=row.asked_by_id,
        asked_at=row.asked_at,
    )
