"""What a second person decides: the question they were asked, with the money that was set aside for it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction

from access import approvals
from access.errors import ApprovalNotWaiting
from access.site import acting_as
from accounts import ledger
from accounts.errors import HoldReserved
from transfers import errors, services
from transfers.tests.people import ANNA, BRAM, NOON, ZOE, approval_of, balance, held, legs, paid, pay, supervisor, teller, with_limits

pytestmark = pytest.mark.money


@pytest.fixture(autouse=True)
def _low_limit() -> Iterator[None]:
    """Let what is above 50 euros wait for a second person."""
    with acting_as(with_limits(EUR=5_000)):
        yield


class TestMoneySetAside:
    def test_is_not_captured_by_another_payment(self) -> None:
        waiting = paid(BRAM, "60.00")

        outcome = pay(BRAM, "10.00", captures=waiting.hold)

        assert outcome == HoldReserved(hold=str(waiting.hold))
        assert (balance(ANNA), held(ANNA)) == (10_000, 6_000)

    def test_that_is_gone_books_nothing(self) -> None:
        waiting = paid(BRAM, "60.00")
        assert waiting.hold is not None
        with transaction.atomic():
            ledger.post(steps=[ledger.Release(hold_id=waiting.hold)], booked_at=NOON)

        with pytest.raises(AssertionError, match="ends only here"):
            services.approve_transfer(approval_id=approval_of(waiting), by=supervisor(), now=NOON)

        assert legs(waiting) == {}


class TestApproval:
    @pytest.mark.parametrize("creditor", [BRAM, ZOE])
    def test_that_comes_too_late_refuses_for_good(self, creditor: str) -> None:
        waiting = paid(creditor, "60.00")
        assert waiting.expires_at is not None

        outcome = services.approve_transfer(approval_id=approval_of(waiting), by=supervisor(), now=waiting.expires_at)

        assert outcome == errors.ApprovalExpired()
        waiting.refresh_from_db()
        assert (waiting.status, waiting.reason, legs(waiting)) == ("refused", "approval-expired", {})
        assert (balance(ANNA), held(ANNA)) == (10_000, 0)


class TestQuestion:
    def test_about_something_else_is_decided_by_its_own_service(self) -> None:
        with transaction.atomic():
            unfreezing = approvals.ask(action="account.unfreeze", subject=ANNA, facts={}, reason="he asked", by=teller(), now=NOON)

        with pytest.raises(ApprovalNotWaiting):
            services.approve_transfer(approval_id=unfreezing, by=supervisor(), now=NOON)
        with pytest.raises(ApprovalNotWaiting):
            services.refuse_transfer(approval_id=unfreezing, by=supervisor(), reason="no", now=NOON)

    def test_about_a_transfer_is_not_used_up_by_a_refund_of_a_closed_bank(self) -> None:
        waiting = paid(BRAM, "60.00")

        with pytest.raises(ApprovalNotWaiting):
            services.refund_closed_bank(approval_id=approval_of(waiting), by=supervisor(), now=NOON)
        ended = services.expire_approvals(now=NOON + timedelta(days=2))

        assert ended == 1
        assert held(ANNA) == 0
