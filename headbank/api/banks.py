"""The register over the API of the head bank: what staff read and do."""

from typing import Annotated

import msgspec
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access.errors import ReasonMissing
from access.rest import Endpoint, Page, operation, page_of, position, read_body, read_query, user_of
from access.rest.pages import Cursor, Limit
from headbank import selectors, services
from headbank.api.asking import OF_A_BANK, AskAbout, Reason, Wanted, Why, ask
from headbank.errors import (
    BankExists,
    BankInvalid,
    BankUnknown,
    CapInvalid,
)
from headbank.permissions import MANAGE_BANKS, VIEW_BANKS
from headbank.selectors import BankRow, BankShown
from messaging import events


class NewBank(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank to be registered without an application of its own; `public_key` is the 32 bytes of its Ed25519 key in hex."""

    code: events.BankCode
    name: events.Name
    contact: events.Contact = ""
    site_url: events.Url = ""
    api_url: events.Url = ""
    public_key: events.Hex32
    partitions: events.Partitions
    reason: Reason = ""


class DebitCap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much a bank may owe all others together in a currency; null takes the cap away."""

    currency: events.Currency
    cap_minor: events.CapMinor | None
    reason: Reason = ""


class RegisterQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which banks: those with part of the name or the beginning of the code, those with a status."""

    search: Annotated[str, Meta(max_length=70, description="Part of the name or beginning of the code.")] = ""
    status: Annotated[str, Meta(max_length=9, description="applied, active, suspended or closed.")] = ""
    cursor: Cursor | None = None
    limit: Limit = 50


class BanksFound(Page[BankRow], frozen=True, kw_only=True):
    """Banks of the register, by code."""


class Banks(Endpoint):
    """`banks`."""

    needs = {"GET": VIEW_BANKS, "POST": MANAGE_BANKS}

    @operation(id="register_list", summary="Find banks of the register", tag="register", query=RegisterQuery, answers={200: BanksFound})
    def get(self, request: Request) -> Response:
        """List the banks of the register by code, all or those that are searched for."""
        query = read_query(request, RegisterQuery)
        after = position(query.cursor, str) or ""
        rows = selectors.find_banks(text=query.search, status=query.status, after=after, limit=query.limit + 1)
        return Response(page_of(rows, limit=query.limit, key=lambda row: row.code))

    @operation(
        id="register_create",
        summary="Ask to register a bank",
        tag="register",
        body=NewBank,
        answers={200: Wanted, 202: Wanted},
        is_kept=True,
        refuses=(ReasonMissing, BankInvalid, BankExists),
    )
    def post(self, request: Request) -> Response:
        """Ask a second person to take a bank into the register with its first key, without an application of its own."""
        facts = msgspec.to_builtins(read_body(request, NewBank))
        return ask(self, request, services.REGISTER, facts.pop("code"), reason=facts.pop("reason"), facts=facts)


class Bank(Endpoint):
    """`banks/{code}`."""

    needs = {"GET": VIEW_BANKS}

    @operation(id="register_show", summary="Show a bank of the register", tag="register", answers={200: BankShown}, refuses=(BankUnknown,))
    def get(self, request: Request, code: str) -> Response:  # noqa: ARG002  # DRF passes it
        """Show a bank with all its keys, revoked ones included."""
        return Response(selectors.bank_by_code(code=code))


class Suspend(Endpoint):
    """`banks/{code}/suspend`."""

    needs = {"POST": MANAGE_BANKS}

    @operation(
        id="register_suspend",
        summary="Suspend a bank",
        tag="register",
        body=Why,
        answers={200: BankShown},
        is_kept=True,
        refuses=(ReasonMissing, *OF_A_BANK),
    )
    def post(self, request: Request, code: str) -> Response:
        """Let nothing new go to or come from the bank, at once; what is under way still finishes."""
        reason, by = read_body(request, Why).reason, user_of(request)

        def effect() -> tuple[int, BankShown]:
            services.suspend_bank(code=code, by=by, reason=reason, now=timezone.now())
            return 200, selectors.bank_by_code(code=code)

        return self.once(request, effect)


class Approve(AskAbout):
    """`banks/{code}/approve`."""

    needs = {"POST": MANAGE_BANKS}
    action = services.APPROVE

    @operation(
        id="register_approve",
        summary="Ask to approve an application",
        tag="register",
        body=Why,
        answers={200: Wanted, 202: Wanted},
        is_kept=True,
        refuses=(ReasonMissing, *OF_A_BANK),
    )
    def post(self, request: Request, code: str) -> Response:
        """Ask a second person to make an applicant a bank of the directory."""
        return self.ask(request, code)


class Reactivate(AskAbout):
    """`banks/{code}/reactivate`."""

    needs = {"POST": MANAGE_BANKS}
    action = services.REACTIVATE

    @operation(
        id="register_reactivate",
        summary="Ask to end a suspension",
        tag="register",
        body=Why,
        answers={200: Wanted, 202: Wanted},
        is_kept=True,
        refuses=(ReasonMissing, *OF_A_BANK),
    )
    def post(self, request: Request, code: str) -> Response:
        """Ask a second person to let the bank send and receive again."""
        return self.ask(request, code)


class Close(AskAbout):
    """`banks/{code}/close`."""

    needs = {"POST": MANAGE_BANKS}
    action = services.CLOSE

    @operation(
        id="register_close",
        summary="Ask to close a bank",
        tag="register",
        body=Why,
        answers={200: Wanted, 202: Wanted},
        is_kept=True,
        refuses=(ReasonMissing, *OF_A_BANK),
    )
    def post(self, request: Request, code: str) -> Response:
        """Ask a second person to close the bank for good and to end its keys."""
        return self.ask(request, code)


class Cap(Endpoint):
    """`banks/{code}/debit-cap`."""

    needs = {"POST": MANAGE_BANKS}

    @operation(
        id="register_set_cap",
        summary="Ask to set a net debit cap",
        tag="register",
        body=DebitCap,
        answers={200: Wanted, 202: Wanted},
        is_kept=True,
        refuses=(ReasonMissing, *OF_A_BANK, CapInvalid),
    )
    def post(self, request: Request, code: str) -> Response:
        """Ask a second person to set how much the bank may owe; above it, it sends nothing until it has settled."""
        given = read_body(request, DebitCap)
        facts = {"currency": given.currency, "cap_minor": given.cap_minor}
        return ask(self, request, services.SET_CAP, code, reason=given.reason, facts=facts)
