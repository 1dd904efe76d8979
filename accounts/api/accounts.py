"""Accounts over the API: opened, shown, frozen, unfrozen, closed."""

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access.errors import ReasonMissing
from access.rest import Because, Endpoint, Reason, operation, page_of, position, read_body, read_query, user_of
from accounts import selectors, services
from accounts.api.words import AccountShown, AccountsShown, Currency, PageQuery
from accounts.errors import (
    AccountClosed,
    AccountFrozen,
    AccountInternal,
    AccountNotEmpty,
    AccountNotFrozen,
    AccountUnknown,
    CurrencyNotOffered,
    CustomerClosed,
    CustomerUnknown,
    KindNotOffered,
    LimitInUse,
    LimitInvalid,
)
from accounts.money import MAX_AMOUNT_MINOR
from accounts.permissions import CLOSE_ACCOUNT, FREEZE_ACCOUNT, LIMIT_ACCOUNT, OPEN_CUSTOMER, UNFREEZE_ACCOUNT, VIEW_ACCOUNT


class NewAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another account for a customer: checking, savings, credit or prepaid. A credit limit is set afterwards, by two persons."""

    customer_id: UUID
    kind: Annotated[str, Meta(max_length=20, examples=["savings"])]
    currency: Currency


class AccountsQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which accounts."""

    customer_id: UUID | None = None
    status: Literal["open", "frozen", "closed"] | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question that waits for a second person, at `approvals`."""

    approval_id: UUID


class NewCreditLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the account may be overdrawn, in minor units of its currency, and why."""

    credit_limit_minor: Annotated[int, Meta(ge=0, le=MAX_AMOUNT_MINOR, examples=[50_000])]
    reason: Reason


class CreditLimitSet(msgspec.Struct, frozen=True, kw_only=True):
    """The account as it is now, and the question that waits for a second person where the limit is to rise."""

    account: AccountShown
    approval_id: UUID | None


class Accounts(Endpoint):
    """`accounts`."""

    needs = {"GET": VIEW_ACCOUNT, "POST": OPEN_CUSTOMER}

    @operation(id="accounts_list", summary="List accounts", tag="accounts", query=AccountsQuery, answers={200: AccountsShown})
    def get(self, request: Request) -> Response:
        """List accounts by number. A program sees those of customers that gave it a mandate."""
        query, by = read_query(request, AccountsQuery), user_of(request)
        after = position(query.cursor, str) or ""
        rows = selectors.find_accounts(
            reach=by, customer_id=query.customer_id, status=query.status or "", after=after, limit=query.limit + 1
        )
        return Response(page_of([AccountShown.of(row) for row in rows], limit=query.limit, key=lambda row: row.number))

    @operation(
        id="accounts_open",
        summary="Open an account",
        tag="accounts",
        body=NewAccount,
        answers={200: AccountShown, 201: AccountShown},
        is_kept=True,
        refuses=(CustomerUnknown, CustomerClosed, CurrencyNotOffered, KindNotOffered),
    )
    def post(self, request: Request) -> Response:
        """Open another account for a customer."""
        given, by = read_body(request, NewAccount), user_of(request)

        def effect() -> tuple[int, AccountShown]:
            selectors.require_customer(by=by, customer_id=given.customer_id)
            account = services.open_account(
                customer_id=given.customer_id, kind=given.kind, currency=given.currency, by=by, now=timezone.now()
            )
            return 201, _shown(account.number)

        return self.once(request, effect)


class Account(Endpoint):
    """`accounts/{number}`."""

    needs = {"GET": VIEW_ACCOUNT}

    @operation(id="accounts_show", summary="Show an account", tag="accounts", answers={200: AccountShown}, refuses=(AccountUnknown,))
    def get(self, request: Request, number: str) -> Response:
        """Show an account and what it holds now."""
        return Response(AccountShown.of(selectors.account_by_number(number=number, reach=user_of(request))))


class Freeze(Endpoint):
    """`accounts/{number}/freeze`."""

    needs = {"POST": FREEZE_ACCOUNT}

    @operation(
        id="accounts_freeze",
        summary="Freeze an account",
        tag="accounts",
        body=Because,
        answers={200: AccountShown},
        is_kept=True,
        refuses=(ReasonMissing, AccountUnknown, AccountInternal, AccountClosed, AccountFrozen),
    )
    def post(self, request: Request, number: str) -> Response:
        """Let nothing leave the account from now on; money may still arrive."""
        return self.once_because(
            request,
            partial(services.freeze_account, number=number),
            reach=partial(selectors.require_account, number=number),
            show=partial(_shown, number),
        )


class Unfreeze(Endpoint):
    """`accounts/{number}/unfreeze`."""

    needs = {"POST": UNFREEZE_ACCOUNT}

    @operation(
        id="accounts_unfreeze",
        summary="Ask to unfreeze an account",
        tag="accounts",
        body=Because,
        answers={200: Asked, 202: Asked},
        is_kept=True,
        refuses=(ReasonMissing, AccountUnknown, AccountInternal, AccountClosed, AccountNotFrozen),
    )
    def post(self, request: Request, number: str) -> Response:
        """Ask a second person to let money leave again."""
        reason, by = read_body(request, Because).reason, user_of(request)

        def effect() -> tuple[int, Asked]:
            selectors.require_account(by=by, number=number)
            return 202, Asked(approval_id=services.ask_unfreeze(number=number, reason=reason, by=by, now=timezone.now()))

        return self.once(request, effect)


class CreditLimit(Endpoint):
    """`accounts/{number}/credit-limit`."""

    needs = {"POST": LIMIT_ACCOUNT}

    @operation(
        id="accounts_set_credit_limit",
        summary="Set an account's credit limit",
        tag="accounts",
        body=NewCreditLimit,
        answers={200: CreditLimitSet, 202: CreditLimitSet},
        is_kept=True,
        refuses=(ReasonMissing, AccountUnknown, AccountInternal, AccountClosed, LimitInvalid, LimitInUse),
    )
    def post(self, request: Request, number: str) -> Response:
        """Lower a credit limit at once: 200. To raise it a second person is asked: 202, and it stays as it is until then."""
        given, by = read_body(request, NewCreditLimit), user_of(request)

        def effect() -> tuple[int, CreditLimitSet]:
            approval = services.set_credit_limit(
                number=number, limit_minor=given.credit_limit_minor, reason=given.reason, by=by, now=timezone.now()
            )
            return (202 if approval else 200), CreditLimitSet(approval_id=approval, account=_shown(number))

        return self.once(request, effect)


class CloseAccount(Endpoint):
    """`accounts/{number}/close`."""

    needs = {"POST": CLOSE_ACCOUNT}

    @operation(
        id="accounts_close",
        summary="Close an account",
        tag="accounts",
        body=Because,
        answers={200: AccountShown},
        is_kept=True,
        refuses=(AccountUnknown, AccountInternal, AccountClosed, AccountFrozen, AccountNotEmpty),
    )
    def post(self, request: Request, number: str) -> Response:
        """Close an empty account and block its cards, for good."""
        return self.once_because(
            request,
            partial(services.close_account, number=number),
            reach=partial(selectors.require_account, number=number),
            show=partial(_shown, number),
        )


def _shown(number: str) -> AccountShown:
    """Return the account as it stands after what was just done."""
    return AccountShown.of(selectors.account_by_number(number=number))
