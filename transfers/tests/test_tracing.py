"""The whole story of one transfer, from this bank's rows alone."""

import json
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from access.site import acting_as
from transfers import services, tracing
from transfers.tests.people import ANNA, BRAM, NOON, answer, approval_of, asked, decision, paid, receive, supervisor, teller, with_limits


def told(transfer_id: object) -> str:
    output = StringIO()
    call_command("trace_transfer", str(transfer_id), stdout=output)
    return output.getvalue()


class TestTheStory:
    def test_of_a_payment_to_another_bank_has_its_money_its_message_and_its_end(self) -> None:
        transfer = paid(now=timezone.now())
        answer(decision(transfer), now=timezone.now())

        story = tracing.trace(transfer_id=transfer.id)

        assert story is not None
        assert [event["type"] for event in story["events"]] == ["pending", "completed"]
        assert {row["leg"]: row["amount_minor"] for row in story["postings"]} == {"book": 1_000, "fee": 25}
        assert [(row["id"], row["type"], row["destination"]) for row in story["messages"]] == [
            (str(transfer.message), "transfers.requested.v1", "BNKB")
        ]

    def test_of_a_cancelled_payment_has_both_questions(self) -> None:
        transfer = paid(now=timezone.now())
        services.cancel_transfer(transfer_id=transfer.id, by=teller(), reason="typed twice", now=timezone.now())

        story = tracing.trace(transfer_id=transfer.id)

        assert story is not None
        assert [row["type"] for row in story["messages"]] == ["transfers.requested.v1", "transfers.cancel-requested.v1"]
        assert [(row["who"], row["action"], row["reason"]) for row in story["audit"]] == [("teller", "transfer.cancel", "typed twice")]

    def test_of_a_payment_from_another_bank_is_found_by_the_name_it_has_there(self) -> None:
        now = timezone.now()
        order, another = (asked(expires_at=now + timedelta(days=1)) for _ in range(2))
        receive(order, now=now)
        receive(another, now=now)

        story = tracing.trace(transfer_id=order.id)

        assert story is not None
        assert story["transfer"]["status"] == "credited"
        assert [(row["type"], row["destination"]) for row in story["messages"]] == [("transfers.decided.v1", "BNKB")]
        assert [row["credit"] for row in story["postings"]] == [ANNA]

    def test_names_the_answer_that_could_not_count(self) -> None:
        transfer = paid()
        answer(decision(transfer))
        answer(decision(transfer, outcome="rejected", reason="AC04"))

        assert "dead letter" in told(transfer.id)
        assert "opposite-answer" in told(transfer.id)

    def test_says_who_asked_and_who_decided(self) -> None:
        with acting_as(with_limits(EUR=1_000)):
            transfer = paid(BRAM, "50.00")
            services.approve_transfer(approval_id=approval_of(transfer), by=supervisor(), reason="known", now=NOON + timedelta(minutes=1))

        story = told(transfer.id)

        assert "asked by teller: approved" in story
        assert "supervisor: internal.approve.approved known" in story

    def test_is_told_in_the_order_of_time(self) -> None:
        transfer = paid(now=NOON)
        answer(decision(transfer), now=NOON + timedelta(seconds=9))

        story = told(transfer.id).splitlines()

        assert story[:2] == [f"BNKA: outgoing {transfer.id}, completed", f"named {transfer.id} at BNKA"]
        assert story[2:] == sorted(story[2:], key=lambda line: line.split()[0])

    def test_is_one_document_for_programs(self) -> None:
        transfer, output = paid(), StringIO()

        call_command("trace_transfer", str(transfer.id), "--json", stdout=output)

        assert json.loads(output.getvalue()).keys() == {
            "bank",
            "transfer",
            "events",
            "postings",
            "messages",
            "dead_letters",
            "approvals",
            "audit",
        }

    def test_is_none_where_nobody_knows_the_transfer(self) -> None:
        with pytest.raises(CommandError, match="BNKA knows no transfer"):
            told(uuid4())
