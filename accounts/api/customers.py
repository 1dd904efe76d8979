"""Customers over the API."""

from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access.rest import Because, Page, operation, page_of, position, read_body, read_query, user_of
from access.rest.endpoint import Endpoint
from accounts import selectors, services
from accounts.api.showing import ShowingCardNumber, WithCardNumber
from accounts.api.words import Currency, Number, PageQuery
from accounts.errors import (
    CurrencyNotOffered,
    CustomerClosed,
    CustomerHasAccounts,
    CustomerUnknown,
    EmailInvalid,
    NameInvalid,
    PhoneInvalid,
    PhoneTaken,
)
from accounts.permissions import CLOSE_CUSTOMER, OPEN_CUSTOMER, VIEW_CUSTOMER
from accounts.selectors import CustomerRow

Name = Annotated[str, Meta(max_length=70, examples=["Anna de Vries"])]
Phone = Annotated[str, Meta(max_length=30, examples=["+31 6 1234 5678"])]
Email = Annotated[str, Meta(max_length=254, examples=["anna@example.org"])]


class NewCustomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants to bank here; the accounts are in the bank's first currency unless one is named."""

    name: Name
    phone: Phone
    email: Email = ""
    currency: Currency = ""


class ChangedCustomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different now; what is left out stays, an empty e-mail address is taken away."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    phone: Phone | msgspec.UnsetType = msgspec.UNSET
    email: Email | msgspec.UnsetType = msgspec.UNSET


class CustomersQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which customers: part of the name, the beginning of the phone number, or an account's number."""

    search: Annotated[str, Meta(max_length=70, description="Part of the name, beginning of the phone number, or an IBAN.")] = ""


class CustomersFound(Page[CustomerRow], frozen=True, kw_only=True):
    """Customers, by name."""


class CustomerOpened(WithCardNumber, frozen=True, kw_only=True):
    """A new customer with a checking and a savings account and a card on the first."""

    id: UUID
    name: Name
    checking: Number
    savings: Number
    card_id: UUID


class Customers(ShowingCardNumber):
    """`customers`."""

    needs = {"GET": VIEW_CUSTOMER, "POST": OPEN_CUSTOMER}

    @operation(id="customers_list", summary="Find customers", tag="customers", query=CustomersQuery, answers={200: CustomersFound})
    def get(self, request: Request) -> Response:
        """List customers by name, all or those that are searched for. A program sees those that gave it a mandate."""
        query, by = read_query(request, CustomersQuery), user_of(request)
        after = position(query.cursor, tuple[str, UUID])
        rows = selectors.find_customers(text=query.search, reach=by, after=after, limit=query.limit + 1)
        return Response(page_of(rows, limit=query.limit, key=lambda row: (row.name, row.id)))

    @operation(
        id="customers_open",
        summary="Open a customer",
        tag="customers",
        body=NewCustomer,
        answers={200: CustomerOpened, 201: CustomerOpened},
        is_kept=True,
        refuses=(NameInvalid, PhoneInvalid, EmailInvalid, PhoneTaken, CurrencyNotOffered),
    )
    def post(self, request: Request) -> Response:
        """Open a customer with a checking account, a savings account and a card, whose full number is in this answer only."""
        given, by = read_body(request, NewCustomer), user_of(request)

        def make() -> CustomerOpened:
            opened = services.open_customer(
                name=given.name, phone=given.phone, email=given.email, currency=given.currency, by=by, now=timezone.now()
            )
            return CustomerOpened(
                id=opened.id,
                name=opened.name,
                checking=opened.checking,
                savings=opened.savings,
                card_id=opened.card_id,
                card_number=opened.card_number,
            )

        return self.once_shown(request, make)


class Customer(Endpoint):
    """`customers/{id}`."""

    needs = {"GET": VIEW_CUSTOMER, "PATCH": OPEN_CUSTOMER}

    @operation(id="customers_show", summary="Show a customer", tag="customers", answers={200: CustomerRow}, refuses=(CustomerUnknown,))
    def get(self, request: Request, customer_id: UUID) -> Response:
        """Show a customer; the accounts are at `accounts?customer_id=`."""
        return Response(selectors.customer_by_id(customer_id=customer_id, reach=user_of(request)))

    @operation(
        id="customers_change",
        summary="Change a customer",
        tag="customers",
        body=ChangedCustomer,
        answers={200: CustomerRow},
        is_kept=True,
        refuses=(NameInvalid, PhoneInvalid, EmailInvalid, CustomerUnknown, CustomerClosed, PhoneTaken),
    )
    def patch(self, request: Request, customer_id: UUID) -> Response:
        """Give a customer another name, phone number or e-mail address."""
        given, by = read_body(request, ChangedCustomer), user_of(request)

        def effect() -> tuple[int, CustomerRow]:
            selectors.require_customer(by=by, customer_id=customer_id)
            services.change_customer(customer_id=customer_id, **msgspec.to_builtins(given), by=by, now=timezone.now())
            return 200, selectors.customer_by_id(customer_id=customer_id)

        return self.once(request, effect)


class CloseCustomer(Endpoint):
    """`customers/{id}/close`."""

    needs = {"POST": CLOSE_CUSTOMER}

    @operation(
        id="customers_close",
        summary="Let a customer go",
        tag="customers",
        body=Because,
        answers={200: CustomerRow},
        is_kept=True,
        refuses=(CustomerUnknown, CustomerClosed, CustomerHasAccounts),
    )
    def post(self, request: Request, customer_id: UUID) -> Response:
        """Let a customer go whose accounts are all closed."""
        return self.once_because(
            request,
            partial(services.close_customer, customer_id=customer_id),
            reach=partial(selectors.require_customer, customer_id=customer_id),
            show=partial(selectors.customer_by_id, customer_id=customer_id),
        )
