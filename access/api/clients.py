"""The programs that act in the bank, over the API: enlisted, shown, changed, limited, given another secret."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import UNSET, Meta, UnsetType
from rest_framework.request import Request
from rest_framework.response import Response

from access import permissions, selectors, services
from access.errors import ClientLimitInvalid, ClientNameInvalid, ClientNameTaken, ClientUnknown, NoSecondPerson, ScopeUnknown
from access.models import OrderLimit
from access.rest import Because, Endpoint, Page, Reason, ShowingOnce, operation, page_of, position, read_body, read_query, user_of
from access.rest.pages import Cursor, Limit
from access.selectors import ClientRow
from access.services import EnlistedClient

Username = Annotated[str, Meta(max_length=60, description="Small letters, digits, dots, dashes.", examples=["erp-of-jansen"])]
Scopes = Annotated[Sequence[str], Meta(max_length=100, description="What is left of its role's permissions.", examples=[["transfers.pay"]])]
PerMinute = Annotated[int, Meta(ge=0, le=1_000_000, description="0 is without limit, null as many as everybody.", examples=[600])]
Minor = Annotated[int, Meta(ge=0, le=10**15, description="Minor units; null is without limit.", examples=[100_000])]
Secret = Annotated[
    str,
    Meta(
        description="Its password, in the first answer only: it is kept nowhere. Null when the request is repeated or rehearsed.",
        examples=["q5zN0..."],
    ),
]


class NewClient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that wants in. Without `scopes` it may all its role may.

    It acts for the customers that give it a mandate; with `whole_bank` a second administrator is asked to let it act for all.
    """

    username: Username
    name: Annotated[str, Meta(max_length=150, examples=["Jansen's ERP"])] = ""
    scopes: Scopes | None = None
    whole_bank: bool = False
    requests_per_minute: PerMinute | None = None


class ChangedClient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is different now; what is left out stays. A program that is not active is shut out at once.

    To let it act for the `whole_bank` a second administrator is asked.
    """

    scopes: Scopes | UnsetType | None = UNSET
    whole_bank: bool | UnsetType = UNSET
    requests_per_minute: PerMinute | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET
    reason: Reason = ""


class ClientChanged(ClientRow, frozen=True, kw_only=True):
    """The program as it is now, and the question that waits for a second person where it shall do more than before."""

    approval_id: UUID | None

    @classmethod
    def now(cls, username: str, approval_id: UUID | None) -> tuple[int, "ClientChanged"]:
        """Return the program as it is, with 202 where a second person is asked."""
        row = msgspec.structs.asdict(selectors.client_named(username=username))
        return (202 if approval_id else 200), cls(**row, approval_id=approval_id)


class LimitOfClient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may be ordered in a currency: in one transfer, and in a day of the bank, fees included."""

    currency: Annotated[str, Meta(max_length=3, examples=["EUR"])]
    per_transfer_minor: Minor | None = None
    per_day_minor: Minor | None = None


class NewLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All limits of a program; a currency that is not named is without limit."""

    limits: Annotated[Sequence[LimitOfClient], Meta(max_length=50)]
    reason: Reason = ""


class ClientsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the programs."""

    cursor: Cursor | None = None
    limit: Limit = 50


class ClientsFound(Page[ClientRow], frozen=True, kw_only=True):
    """Programs, by user name."""


class ClientSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A program and what it signs in with at `auth/token`; and the question that waits where it shall act for the whole bank."""

    username: Username
    secret: Secret | None = None
    approval_id: UUID | None = None

    @classmethod
    def of(cls, enlisted: EnlistedClient) -> "ClientSecret":
        """Return the client as it is written."""
        return cls(username=enlisted.username, secret=enlisted.secret, approval_id=enlisted.approval_id)


class Clients(ShowingOnce):
    """`clients`."""

    needs = {"GET": permissions.VIEW_CLIENTS, "POST": permissions.MANAGE_USERS}
    shown_once = "secret"

    @operation(id="clients_list", summary="List programs", tag="clients", query=ClientsQuery, answers={200: ClientsFound})
    def get(self, request: Request) -> Response:
        """List the programs that act in this bank, by user name."""
        query = read_query(request, ClientsQuery)
        rows = selectors.clients(after=position(query.cursor, str) or "", limit=query.limit + 1)
        return Response(page_of(rows, limit=query.limit, key=lambda row: row.username))

    @operation(
        id="clients_enlist",
        summary="Let a program in",
        tag="clients",
        body=NewClient,
        answers={200: ClientSecret, 201: ClientSecret},
        is_kept=True,
        refuses=(ClientNameInvalid, ScopeUnknown, ClientNameTaken),
    )
    def post(self, request: Request) -> Response:
        """Let a program in. What it signs in with is in this answer only."""
        given, by = read_body(request, NewClient), user_of(request)
        values = {name: getattr(given, name) for name in NewClient.__struct_fields__}
        return self.once_shown(request, lambda: ClientSecret.of(services.enlist_client(**values, by=by, now=timezone.now())))


class Client(Endpoint):
    """`clients/{username}`."""

    needs = {"GET": permissions.VIEW_CLIENTS, "PATCH": permissions.MANAGE_USERS}

    @operation(id="clients_show", summary="Show a program", tag="clients", answers={200: ClientRow}, refuses=(ClientUnknown,))
    def get(self, request: Request, username: str) -> Response:  # noqa: ARG002  # the address says who
        """Show a program: what it may do, and for how much."""
        return Response(selectors.client_named(username=username))

    @operation(
        id="clients_change",
        summary="Change a program",
        tag="clients",
        body=ChangedClient,
        answers={200: ClientChanged, 202: ClientChanged},
        is_kept=True,
        refuses=(ScopeUnknown, ClientUnknown),
    )
    def patch(self, request: Request, username: str) -> Response:
        """Give a program other scopes or speed, less reach, or shut it out: 200. For more reach a second person is asked: 202."""
        given, by = read_body(request, ChangedClient), user_of(request)
        values = {name: value for name in ChangedClient.__struct_fields__ if (value := getattr(given, name)) is not UNSET}

        def effect() -> tuple[int, ClientChanged]:
            return ClientChanged.now(username, services.change_client(username=username, **values, by=by, now=timezone.now()))

        return self.once(request, effect)


class Limits(Endpoint):
    """`clients/{username}/limits`."""

    needs = {"POST": permissions.LIMIT_CLIENT}

    @operation(
        id="clients_limit",
        summary="Limit a program",
        tag="clients",
        body=NewLimits,
        answers={200: ClientChanged, 202: ClientChanged},
        is_kept=True,
        refuses=(ClientLimitInvalid, ClientUnknown),
    )
    def post(self, request: Request, username: str) -> Response:
        """Set all that a program may order at once and in a day: 200. To let it order more a second person is asked: 202.

        What it has ordered today counts.
        """
        given, by = read_body(request, NewLimits), user_of(request)

        def effect() -> tuple[int, ClientChanged]:
            limits = _by_currency(given.limits)
            approval = services.limit_client(username=username, limits=limits, reason=given.reason, by=by, now=timezone.now())
            return ClientChanged.now(username, approval)

        return self.once(request, effect)


class RenewSecret(ShowingOnce):
    """`clients/{username}/secret`."""

    needs = {"POST": permissions.MANAGE_USERS}
    shown_once = "secret"

    @operation(
        id="clients_renew_secret",
        summary="Give a program another secret",
        tag="clients",
        body=Because,
        answers={200: ClientSecret, 201: ClientSecret},
        is_kept=True,
        refuses=(ClientUnknown, NoSecondPerson),
    )
    def post(self, request: Request, username: str) -> Response:
        """Give a program another secret, in this answer only, and end every sign-in made with the old one.

        One that acts for the whole bank does so again when a second administrator agrees; its mandates stay.
        """
        reason, by = read_body(request, Because).reason, user_of(request)
        return self.once_shown(
            request, lambda: ClientSecret.of(services.renew_secret(username=username, reason=reason, by=by, now=timezone.now()))
        )


def _by_currency(limits: Sequence[LimitOfClient]) -> dict[str, OrderLimit]:
    """Return the limits by currency; raises ClientLimitInvalid for one that is named twice."""
    found: dict[str, OrderLimit] = {}
    for limit in limits:
        if limit.currency in found:
            raise ClientLimitInvalid(currency=limit.currency)
        found[limit.currency] = OrderLimit(per_transfer_minor=limit.per_transfer_minor, per_day_minor=limit.per_day_minor)
    return found
