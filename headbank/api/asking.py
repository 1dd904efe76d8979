"""What a second person has to agree to, asked over the API."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access.rest import Endpoint, read_body, user_of
from headbank import services
from headbank.errors import (
    BankClosed,
    BankStatusWrong,
    BankUnknown,
)

Reason = Annotated[str, Meta(max_length=200, description="Why; it is kept in the audit trail.", examples=["as agreed on the phone"])]
OF_A_BANK = (BankUnknown, BankClosed, BankStatusWrong)


class Why(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something is done to a bank."""

    reason: Reason = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of a second person: `approvals/{approval_id}`."""

    approval_id: UUID


def ask(endpoint: Endpoint, request: Request, action: str, code: str, *, reason: str, facts: Mapping[str, Any]) -> Response:
    """Ask a second person, once for each key of the client's."""
    by = user_of(request)

    def effect() -> tuple[int, Wanted]:
        approval = services.ask(action=action, code=code, facts=facts, by=by, reason=reason, now=timezone.now())
        return 202, Wanted(approval_id=approval)

    return endpoint.once(request, effect)


class AskAbout(Endpoint):
    """What a second person has to agree to and that needs no more than a reason."""

    action = ""

    def ask(self, request: Request, code: str) -> Response:
        """Ask for the deed this address is named for."""
        return ask(self, request, self.action, code, reason=read_body(request, Why).reason, facts={})
