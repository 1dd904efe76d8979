"""Moving money over the API, one order at a time."""

from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from access.rest import Endpoint, operation, page_of, position, read_body, read_query, user_of
from transfers import permissions, selectors, services
from transfers.api.bodies import CancelBody, CashBody, Ordered, ReverseBody, TransferBody, said
from transfers.api.found import TransferRows, TransferShown, TransfersQuery, row_of, shown_of
from transfers.api.refusals import REFUSES_DEPOSIT, REFUSES_PAYMENT, REFUSES_REVERSAL, REFUSES_WITHDRAWAL
from transfers.errors import NotPending, TransferUnknown
from transfers.orders import Accepted, Order, Reversal

ORDERED = {200: Ordered, 201: Ordered, 202: Ordered}  # 200 says what would have been ordered


class Deposits(Endpoint):
    """`deposits`."""

    needs = {"POST": permissions.DEPOSIT}

    @operation(
        id="deposits_create", summary="Take in cash", tag="cash", body=CashBody, answers=ORDERED, is_kept=True, refuses=REFUSES_DEPOSIT
    )
    def post(self, request: Request) -> Response:
        """Credit cash to an account. Above the bank's limit it waits for a second person: 202."""
        body = read_body(request, CashBody)
        return self.once(request, lambda: _submit(body.deposit, request))


class Withdrawals(Endpoint):
    """`withdrawals`."""

    needs = {"POST": permissions.WITHDRAW}

    @operation(
        id="withdrawals_create",
        summary="Pay out cash",
        tag="cash",
        body=CashBody,
        answers=ORDERED,
        is_kept=True,
        refuses=REFUSES_WITHDRAWAL,
    )
    def post(self, request: Request) -> Response:
        """Pay out cash from an account. Above the bank's limit it waits for a second person, the money held: 202."""
        body = read_body(request, CashBody)
        return self.once(request, lambda: _submit(body.withdrawal, request))


class Transfers(Endpoint):
    """`transfers`."""

    needs = {"GET": permissions.VIEW, "POST": permissions.PAY}

    @operation(id="transfers_list", summary="Transfers, newest first", tag="transfers", query=TransfersQuery, answers={200: TransferRows})
    def get(self, request: Request) -> Response:
        """List the transfers from and to the accounts you act for, newest first."""
        query = read_query(request, TransfersQuery)
        before = position(query.cursor, UUID)
        entries = selectors.transfers_before(by=user_of(request), before=before, limit=query.limit + 1, **query.filters)
        return Response(page_of([row_of(entry) for entry in entries], limit=query.limit, key=lambda row: row.id))

    @operation(
        id="transfers_create", summary="Pay", tag="transfers", body=TransferBody, answers=ORDERED, is_kept=True, refuses=REFUSES_PAYMENT
    )
    def post(self, request: Request) -> Response:
        """Pay another account. Inside the bank it is done at once: 201. To another bank it leaves: 202, and `status_url` tells the rest.

        Above the bank's limit it waits for a second person, the money held: 202.
        """
        body = read_body(request, TransferBody)
        return self.once(request, lambda: _submit(body.payment, request))


class OneTransfer(Endpoint):
    """`transfers/{id}`."""

    needs = {"GET": permissions.VIEW}

    @operation(
        id="transfers_show", summary="One transfer and its story", tag="transfers", answers={200: TransferShown}, refuses=(TransferUnknown,)
    )
    def get(self, request: Request, transfer_id: UUID) -> Response:
        """Show a transfer with everything that happened to it, oldest first."""
        entry, events = selectors.transfer_with_story(transfer_id=transfer_id, by=user_of(request))
        return Response(shown_of(entry, events))


class Cancel(Endpoint):
    """`transfers/{id}/cancel`."""

    needs = {"POST": permissions.CANCEL}

    @operation(
        id="transfers_cancel",
        summary="Ask to cancel",
        tag="transfers",
        body=CancelBody,
        answers={200: Ordered, 202: Ordered},
        is_kept=True,
        refuses=(TransferUnknown, NotPending),
    )
    def post(self, request: Request, transfer_id: UUID) -> Response:
        """Ask the other bank to cancel a pending transfer. It alone knows whether it was in time; `status_url` tells what it said."""
        reason, by = read_body(request, CancelBody).reason, user_of(request)

        def effect() -> tuple[int, Ordered]:
            services.cancel_transfer(transfer_id=transfer_id, by=by, reason=reason, now=timezone.now())
            return said(Accepted(transfer_id, "outgoing", "pending"))

        return self.once(request, effect)


class Reverse(Endpoint):
    """`transfers/{id}/reverse`."""

    needs = {"POST": permissions.REVERSE}

    @operation(
        id="transfers_reverse",
        summary="Ask to reverse",
        tag="transfers",
        body=ReverseBody,
        answers={200: Ordered, 202: Ordered},
        is_kept=True,
        refuses=REFUSES_REVERSAL,
    )
    def post(self, request: Request, transfer_id: UUID) -> Response:
        """Ask a second person to take back a completed deposit, withdrawal or internal transfer; answers the reversal, which waits."""
        reason = read_body(request, ReverseBody).reason
        return self.once(request, lambda: _submit(Reversal(transfer_id=transfer_id, reason=reason), request))


def _submit(order: Order, request: Request) -> tuple[int, Ordered]:
    """Book one order and return what is answered; raises its refusal."""
    [outcome] = services.submit(orders=[order], by=user_of(request), now=timezone.now())
    return said(outcome)
