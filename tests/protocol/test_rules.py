"""The rules of the protocol, one story each: take the rule out and its story ends badly."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from access.errors import OwnApproval
from messaging import letter_box, offsets
from tests.protocol.banks import LIMIT_MINOR, POOR, account
from tests.protocol.database import Database
from tests.protocol.stories import ANNA, BEA, BERT, FEE, MINOR, Loose, approval, at_rest, lose_letters, order, refused, rejection
from tests.protocol.world import World
from transfers import events, services


class TestTheDestinationDecidesOnce:
    """Rule 1."""

    def test_however_often_it_is_asked(self, world: World) -> None:
        transfer = world.pay(BERT)
        world.converse()

        world.now += timedelta(minutes=5)
        with world.at("BNKB"), transaction.atomic():
            offsets.rewind(topic=letter_box.topic_of(code="BNKB"), starts=None, now=world.now)
        answers = len(world.letters("BNKA"))
        world.converse()

        assert world.balance(BERT, at="BNKB") == MINOR + 1_000
        assert len(world.letters("BNKA")) == answers + 1
        assert world.legs(transfer, at="BNKB") == ["book"]
        assert at_rest(world) == []

    def test_also_when_it_is_asked_twice_at_once(self, world: World) -> None:
        world.pay(BERT)
        world.relay("BNKA")
        world.wait(90)
        world.relay("BNKA")

        world.converse()

        assert world.balance(BERT, at="BNKB") == MINOR + 1_000
        assert at_rest(world) == []


class TestTimeNeverRefunds:
    """Rule 2."""

    def test_however_late_an_answer_is(self, world: World) -> None:
        transfer = world.pay(BERT)
        world.relay("BNKA")
        world.consume("BNKB")

        world.wait(30 * 86_400)
        with world.at("BNKA"):
            services.expire_approvals(now=world.now)
        status, balance = world.status(transfer), world.balance(ANNA, at="BNKA")
        world.converse()

        assert (status, balance) == ("pending", MINOR - 1_000 - FEE)
        assert world.status(transfer) == "completed"
        assert at_rest(world) == []

    def test_but_the_destination_refuses_what_comes_too_late(self, world: World) -> None:
        transfer = world.pay(BERT)
        world.relay("BNKA")

        world.wait(3_601)
        world.converse()

        assert (world.status(transfer), world.reason(transfer)) == ("rejected", "AB05")
        assert world.balance(ANNA, at="BNKA") == MINOR
        assert at_rest(world) == []

    def test_and_a_cancel_that_overtakes_its_order_stops_it_for_ever(self, world: World) -> None:
        transfer = world.pay(BERT)
        world.relay("BNKA")
        bundle = world.letters("BNKB")
        lose_letters(world, "BNKB")
        world.cancel(transfer)
        world.converse()

        topic = letter_box.topic_of(code="BNKB")
        world.broker._logs[topic][bundle[0].partition].append(bundle[0])
        world.converse(rounds=5, pause_s=11)

        assert world.status(transfer, at="BNKB") == "rejected"
        assert world.status(transfer) == "cancelled"
        assert world.balance(ANNA, at="BNKA") == MINOR
        assert at_rest(world) == []


class TestARequestIsFinishedByItsAnswers:
    """Rule 3."""

    def test_so_a_broker_that_loses_everything_loses_no_money(self, world: World) -> None:
        transfer = world.pay(BERT)
        world.relay("BNKA")

        world.broker.wipe()
        world.publish_directory()
        world.converse(rounds=8, pause_s=11)

        assert world.status(transfer) == "completed"
        assert at_rest(world) == []

    def test_and_what_is_asked_again_is_the_same_order(self, world: World) -> None:
        world.pay(BERT)
        world.relay("BNKA")
        world.consume("BNKB")

        world.wait(90)
        world.relay("BNKA")
        world.converse()

        assert world.balance(BERT, at="BNKB") == MINOR + 1_000
        assert at_rest(world) == []

    def test_and_the_last_answer_ends_it(self, world: World) -> None:
        world.pay(BERT)
        world.converse()
        letters = len(world.letters("BNKB"))

        world.converse(rounds=4, pause_s=90)

        assert len(world.letters("BNKB")) == letters


class TestAnAnswerIsJudgedByTheTransferItNames:
    """Rule 4."""

    @pytest.mark.parametrize(
        ("source", "change", "reason"),
        [
            ("BNKC", {}, "answer-from-another"),
            ("BNKB", {"amount_minor": 999}, "answer-with-other-content"),
            ("BNKB", {"creditor_iban": BEA}, "answer-with-other-content"),
            ("BNKB", {"id": UUID(int=9)}, "answer-to-unknown"),
        ],
    )
    def test_and_counts_only_where_it_fits(self, world: World, source: str, change: dict[str, Any], reason: str) -> None:
        transfer = world.pay(BERT)

        said = rejection(world, transfer, **change)
        world.post(events.TransfersDecided(decisions=(said,)), type=events.DECIDED, source=source, to="BNKA")
        world.consume("BNKA")

        assert world.status(transfer) == "pending"
        assert world.balance(ANNA, at="BNKA") == MINOR - 1_000 - FEE
        assert world.dead_letters("BNKA") == [reason]

    def test_and_changes_nothing_that_is_final(self, world: World) -> None:
        transfer = world.pay(BERT)
        world.converse()

        said = rejection(world, transfer)
        world.post(events.TransfersDecided(decisions=(said,)), type=events.DECIDED, source="BNKB", to="BNKA")
        world.consume("BNKA")

        assert world.status(transfer) == "completed"
        assert world.legs(transfer, at="BNKA") == ["book", "fee"]
        assert world.dead_letters("BNKA") == ["opposite-answer"]


class TestWhatTheOriginCanSeeIsRefusedBeforeAnyDebit:
    """Rule 5."""

    @pytest.mark.parametrize(
        ("creditor", "currency", "minor", "code"),
        [
            (account("BNKX", 1), "EUR", 100, "bank-unknown"),
            (BERT[:-1] + str((int(BERT[-1]) + 1) % 10), "EUR", 100, "iban-invalid"),
            (BERT, "JPY", 100, "currency-not-offered"),
            (BERT, "EUR", LIMIT_MINOR, "insufficient-funds"),
        ],
    )
    def test_and_leaves_no_transfer(self, world: World, creditor: str, currency: str, minor: int, code: str) -> None:
        refusal = refused(world, creditor, currency=currency, minor=minor, debtor=account("BNKA", POOR))

        assert refusal == code
        assert world.rows("BNKA", "SELECT 1 FROM transfers_transfer WHERE kind = 'outgoing'") == []
        assert world.balance(account("BNKA", POOR), at="BNKA") == 5_000


class TestEveryOrderOfAReadableMessageIsDecided:
    """Rule 6."""

    def test_if_only_with_a_rejection_of_what_does_not_fit(self, world: World) -> None:
        good, bad = order(world, id=UUID(int=1)), order(world, id=UUID(int=2), reference="two\nlines")

        world.post(Loose(transfers=[good, bad]), type=events.REQUESTED, source="BNKB", to="BNKA")
        world.consume("BNKA")

        found = world.rows("BNKA", "SELECT origin_id, status, reason FROM transfers_transfer WHERE kind = 'incoming' ORDER BY origin_id")
        assert found == [(UUID(int=1).hex, "credited", ""), (UUID(int=2).hex, "rejected", "CH16")]
        assert world.dead_letters("BNKA") == []

    def test_and_one_that_nobody_could_answer_is_kept_whole(self, world: World) -> None:
        good, bad = order(world, id=UUID(int=1)), order(world, id="me")

        world.post(Loose(transfers=[good, bad]), type=events.REQUESTED, source="BNKB", to="BNKA")
        world.consume("BNKA")

        assert world.rows("BNKA", "SELECT 1 FROM transfers_transfer WHERE kind = 'incoming'") == []
        assert world.dead_letters("BNKA") == ["undecodable"]


class TestALargeTransferWaitsForASecondPerson:
    """Rule 7."""

    def test_with_its_money_held(self, world: World) -> None:
        transfer = world.pay(BERT, LIMIT_MINOR + 1)

        world.converse()

        assert world.status(transfer) == "awaiting-approval"
        assert (world.balance(ANNA, at="BNKA"), world.held(ANNA, at="BNKA")) == (MINOR, LIMIT_MINOR + 1 + FEE)
        assert world.letters("BNKB") == []

    def test_who_is_not_the_first(self, world: World) -> None:
        transfer = world.pay(BERT, LIMIT_MINOR + 1)
        bank = world.bank("BNKA")
        bank.database.raw.execute("UPDATE access_approval SET asked_by_id = ?", [bank.supervisor.pk])

        with world.at("BNKA"), pytest.raises(OwnApproval):
            services.approve_transfer(approval_id=approval(world), by=bank.supervisor, now=world.now)

        assert world.status(transfer) == "awaiting-approval"

    def test_and_leaves_when_there_is_one(self, world: World) -> None:
        transfer = world.pay(BERT, LIMIT_MINOR + 1)

        with world.at("BNKA"):
            services.approve_transfer(approval_id=approval(world), by=world.bank("BNKA").supervisor, now=world.now)
        world.converse()

        assert world.status(transfer) == "completed"
        assert world.held(ANNA, at="BNKA") == 0
        assert at_rest(world) == []


class TestASuspendedBank:
    """Rule 8."""

    def test_gets_and_gives_nothing_new_but_ends_what_it_began(self, world: World) -> None:
        to_it = world.pay(BERT)
        world.relay("BNKA")
        from_it = world.pay(ANNA, debtor=BERT, at="BNKB")
        world.publish_directory(world.town.document(version=2, suspended=frozenset({"BNKB"})))

        world.converse(rounds=8, pause_s=11)

        assert world.status(to_it) == "completed"
        assert (world.status(from_it, at="BNKB"), world.reason(from_it, at="BNKB")) == ("rejected", "AG10")
        assert refused(world, BERT) == "bank-suspended"
        assert at_rest(world) == []

    def test_once_closed_gives_back_what_two_persons_say(self, world: World) -> None:
        transfer = world.pay(BERT)
        world.publish_directory(world.town.document(version=2, closed=frozenset({"BNKB"})))
        world.consume("BNKA")
        bank = world.bank("BNKA")

        with world.at("BNKA"):
            asked = services.ask_refund_of_closed_bank(bank="BNKB", by=bank.supervisor, reason="it closed", now=world.now)
            bank.database.raw.execute("UPDATE access_approval SET asked_by_id = ?", [bank.teller.pk])
            services.refund_closed_bank(approval_id=asked, by=bank.supervisor, now=world.now)

        assert (world.status(transfer), world.reason(transfer)) == ("rejected", "bank-closed")
        assert world.balance(ANNA, at="BNKA") == MINOR


class TestADatabaseThatWentBack:
    """Rule 9."""

    def test_neither_reads_nor_publishes(self, world: World) -> None:
        backup = Database()
        backup.copy_from(world.bank("BNKB").database)
        world.pay(BERT)
        world.converse()

        world.bank("BNKB").database.copy_from(backup)
        world.restart_relay("BNKB")
        world.restart_consumer("BNKB")
        world.pay(ANNA, debtor=BERT, at="BNKB")
        letters = len(world.letters("BNKA"))
        world.converse(rounds=4, pause_s=11)

        assert world.rows("BNKB", "SELECT count(*) FROM messaging_recovery WHERE ended_at IS NULL") == [(1,)]
        assert len(world.letters("BNKA")) == letters
        assert world.balance(BERT, at="BNKB") == MINOR - 1_000
