"""The keys of banks over the API of the head bank."""

import msgspec
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from access.errors import ReasonMissing
from access.rest import Endpoint, operation, read_body, user_of
from headbank import selectors, services
from headbank.api.asking import OF_A_BANK, Reason, Wanted, Why, ask
from headbank.errors import (
    BankInvalid,
    KeyTaken,
    KeyUnknown,
    TooManyKeys,
)
from headbank.permissions import MANAGE_BANKS
from headbank.selectors import BankShown
from messaging import events


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another public key that is to speak for a bank."""

    public_key: events.Hex32
    reason: Reason = ""


class Keys(Endpoint):
    """`banks/{code}/keys`."""

    needs = {"POST": MANAGE_BANKS}

    @operation(
        id="register_add_key",
        summary="Ask to add a key",
        tag="register",
        body=NewKey,
        answers={200: Wanted, 202: Wanted},
        is_kept=True,
        refuses=(ReasonMissing, *OF_A_BANK, BankInvalid, KeyTaken, TooManyKeys),
    )
    def post(self, request: Request, code: str) -> Response:
        """Ask a second person to let another key speak for the bank, when it cannot announce it itself."""
        given = read_body(request, NewKey)
        return ask(self, request, services.ADD_KEY, code, reason=given.reason, facts={"public_key": given.public_key})


class RevokeKey(Endpoint):
    """`keys/{key_id}/revoke`."""

    needs = {"POST": MANAGE_BANKS}

    @operation(
        id="register_revoke_key",
        summary="Revoke a key",
        tag="register",
        body=Why,
        answers={200: BankShown},
        is_kept=True,
        refuses=(ReasonMissing, KeyUnknown),
    )
    def post(self, request: Request, key_id: str) -> Response:
        """End a key's word at once and for ever, and that of every key announced under it: what they signed decides nothing new."""
        reason, by = read_body(request, Why).reason, user_of(request)

        def effect() -> tuple[int, BankShown]:
            ended = services.revoke_key(key_id=key_id, by=by, reason=reason, now=timezone.now())
            return 200, selectors.bank_by_code(code=ended.bank)

        return self.once(request, effect)
