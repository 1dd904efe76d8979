"""Which programs act for which customers, over the API."""

from uuid import UUID

import msgspec
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from access.errors import ClientUnknown
from access.rest import Because, Endpoint, Page, operation, page_of, position, read_body, read_query, user_of
from access.selectors import client_user
from accounts import selectors, services
from accounts.api.words import PageQuery
from accounts.errors import CustomerClosed, CustomerUnknown
from accounts.permissions import GRANT_MANDATE, VIEW_MANDATE
from accounts.selectors import MandateRow


class NewMandate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The customer who lets the program act."""

    customer_id: UUID


class MandatesFound(Page[MandateRow], frozen=True, kw_only=True):
    """Mandates of a program, by customer."""


class MandateHeld(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the program acts for the customer now."""

    customer_id: UUID
    is_granted: bool


class Mandates(Endpoint):
    """`clients/{username}/mandates`."""

    needs = {"GET": VIEW_MANDATE, "POST": GRANT_MANDATE}

    @operation(
        id="mandates_list",
        summary="For whom a program acts",
        tag="clients",
        query=PageQuery,
        answers={200: MandatesFound},
        refuses=(ClientUnknown,),
    )
    def get(self, request: Request, username: str) -> Response:
        """List the customers who let the program act for them."""
        query = read_query(request, PageQuery)
        rows = selectors.find_mandates(user=client_user(username), after=position(query.cursor, UUID), limit=query.limit + 1)
        return Response(page_of(rows, limit=query.limit, key=lambda row: row.customer_id))

    @operation(
        id="mandates_grant",
        summary="Let a program act for a customer",
        tag="clients",
        body=NewMandate,
        answers={200: MandateHeld},
        is_kept=True,
        refuses=(ClientUnknown, CustomerUnknown, CustomerClosed),
    )
    def post(self, request: Request, username: str) -> Response:
        """Let a program act for a customer, from its next request on."""
        customer_id, by = read_body(request, NewMandate).customer_id, user_of(request)

        def effect() -> tuple[int, MandateHeld]:
            services.grant_mandate(user=client_user(username), customer_id=customer_id, by=by, now=timezone.now())
            return 200, MandateHeld(customer_id=customer_id, is_granted=True)

        return self.once(request, effect)


class RevokeMandate(Endpoint):
    """`clients/{username}/mandates/{customer_id}/revoke`."""

    needs = {"POST": GRANT_MANDATE}

    @operation(
        id="mandates_revoke",
        summary="Let a program act for a customer no longer",
        tag="clients",
        body=Because,
        answers={200: MandateHeld},
        is_kept=True,
        refuses=(ClientUnknown, CustomerUnknown),
    )
    def post(self, request: Request, username: str, customer_id: UUID) -> Response:
        """Take a mandate back; the customer and all that is theirs is out of the program's sight from its next request on."""
        return self.once_because(
            request,
            lambda **why: services.revoke_mandate(user=client_user(username), customer_id=customer_id, **why),
            show=lambda: MandateHeld(customer_id=customer_id, is_granted=False),
        )
