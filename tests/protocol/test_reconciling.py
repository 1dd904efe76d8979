"""Days compared with other banks: what differs is named exactly, whatever happens to the messages; nothing is booked by itself."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Literal
from uuid import UUID, uuid4

import msgspec
import pytest
import time_machine
from django.core.management import CommandError, call_command

from access import triggers
from access.models import Approval
from accounts.money import Money
from banksite.approvals import approve
from messaging.memory import Weather
from messaging.models import DeadLetter, Message
from tests.protocol.database import no_hook
from tests.protocol.mishaps import Crash
from tests.protocol.stories import ANNA, BERT, DiesAt, Loose, lose_letters, order
from tests.protocol.world import World
from transfers import books, errors, events, reconciliations, services
from transfers.comparing import total_of
from transfers.management.commands import reconcile_banks
from transfers.models import Break, Reconciliation, ReconciliationQuestion, Transfer
from transfers.orders import Payment


def compare(world: World, at: str = "BNKA", *, rounds: int = 8) -> list[tuple[str, UUID]]:
    """Compare the day at a bank and return what it finds, by kind and transfer."""
    begin(world, at)
    world.converse(rounds=rounds, pause_s=10)
    return found(world, at)


def begin(world: World, at: str = "BNKA") -> None:
    world.wait(120)
    with world.at(at):
        services.reconcile_day(day=world.now.date(), now=world.now)


def found(world: World, at: str = "BNKA") -> list[tuple[str, UUID]]:
    with world.at(at):
        rows = reconciliations.latest(day=world.now.date())
        assert all(row.verdict != "asked" for row in rows), rows
        return [(row.kind, row.transfer) for row in reconciliations.breaks(comparisons=[row.id for row in rows])]


def verdicts(world: World, at: str = "BNKA") -> dict[tuple[str, str, str], str]:
    with world.at(at):
        return {(row.peer, row.origin_bank, row.currency): row.verdict for row in reconciliations.latest(day=world.now.date())}


def busy_day(world: World, *, number: int = 20) -> list[UUID]:
    """Let Anna pay Bert so often, in one batch, and Bert her once; all is answered."""
    orders = [
        Payment(debtor=ANNA, creditor=BERT, creditor_name="Bert", amount=Money(10 + n % 40, "EUR"), reference="rent") for n in range(number)
    ]
    paid = [outcome.transfer_id for outcome in world.submit(*orders)]  # type: ignore[union-attr]
    world.pay(ANNA, debtor=BERT, at="BNKB")
    world.converse(rounds=3, pause_s=10)
    return paid


def decide_in_name_only(world: World, outcome: Literal["credited", "rejected"] = "credited") -> UUID:
    """Let BNKB say what it decided about a transfer which it then forgets."""
    transfer = world.pay(BERT)
    world.relay("BNKA")
    lose_letters(world, "BNKB")
    said = events.Decision(id=transfer, outcome=outcome, amount_minor=1_000, currency="EUR", creditor_iban=BERT, decided_at=world.now)
    world.post(events.TransfersDecided(decisions=(said,)), type=events.DECIDED, source="BNKB", to="BNKA")
    world.consume("BNKA")
    return transfer


def book_twice(world: World, transfer: UUID) -> UUID:
    """Let a payment of Anna reach BNKB a second time under another id."""
    with world.at("BNKA"):
        first = Transfer.objects.get(id=transfer)
    copy = uuid4()
    fields = {"creditor_iban": BERT, "creditor_name": "Bert", "debtor_iban": ANNA, "debtor_name": "Anna", "reference": "rent"}
    said = Loose(transfers=[order(world, id=copy, amount_minor=first.amount_minor, **fields)])
    world.post(said, type=events.REQUESTED, source="BNKA", to="BNKB")
    world.consume("BNKB")
    return copy


def alter(world: World, transfer: UUID, **fields: object) -> None:
    """Change a transfer in BNKB's database, which takes somebody who lifts its triggers."""
    with world.at("BNKB"), triggers.lifted():
        Transfer.objects.filter(origin_id=transfer).update(**fields)


class TestADayThatAgrees:
    def test_is_written_down_as_such_both_ways(self, world: World) -> None:
        busy_day(world)

        assert compare(world) == []

        assert verdicts(world) == {("BNKB", "BNKA", "EUR"): "agreed", ("BNKB", "BNKB", "EUR"): "agreed"}
        with world.at("BNKA"):
            row = next(row for row in reconciliations.latest(day=world.now.date()) if row.origin_bank == "BNKA")
        assert (row.our_count, row.our_credited_minor) == (row.their_count, row.their_credited_minor) == (20, 390)

    def test_takes_one_question_however_long_it_is(self, world: World) -> None:
        busy_day(world, number=300)

        compare(world)

        with world.at("BNKA"):
            assert ReconciliationQuestion.objects.count() == 2
            assert not list(books.differences(progress=lambda _: None))

    def test_waits_for_answers_that_are_on_their_way_and_looks_again(self, world: World) -> None:
        late = world.pay(BERT)
        world.relay("BNKA")
        world.consume("BNKB")
        for code in ("BNKA", "BNKB"):
            with world.at(code):
                Message.objects.filter(finished_at__isnull=True).update(next_at=world.now + timedelta(hours=1))
        begin(world)
        world.converse(rounds=4, pause_s=10)
        assert verdicts(world)["BNKB", "BNKA", "EUR"] == "waiting"

        world.converse(rounds=6, pause_s=1_000)
        with world.at("BNKA"):
            midnight = world.now.replace(hour=0, minute=0, second=0, microsecond=0)
            Reconciliation.objects.update(day=world.now.date() - timedelta(days=1), until_at=midnight)
            again = services.reconcile_due(now=world.now, limit=1)

        assert again == 1
        assert world.status(late) == "completed"


class TestADayThatIsOver:
    def test_is_compared_as_a_whole_although_a_part_of_it_was_and_then_no_more(self, world: World) -> None:
        busy_day(world)
        compare(world)

        world.wait(86_400)
        with world.at("BNKA"):
            begun = [services.reconcile_due(now=world.now, limit=1) for _ in range(2)]

        assert begun == [2, 0]


class TestADifference:
    def test_is_named_exactly_missing_double_and_altered(self, world: World) -> None:
        paid = busy_day(world, number=300)
        double, missing = book_twice(world, paid[7]), decide_in_name_only(world)
        alter(world, paid[123], amount_minor=999)
        alter(world, paid[250], status="rejected", reason="AC04")

        seen_by_origin, seen_by_destination = compare(world), compare(world, "BNKB")

        expected = {("missing", missing), ("double", double), ("amount", paid[123]), ("outcome", paid[250])}
        assert set(seen_by_origin) == set(seen_by_destination) == expected
        assert len(seen_by_origin) == len(seen_by_destination) == 4
        assert verdicts(world) == {("BNKB", "BNKA", "EUR"): "broken", ("BNKB", "BNKB", "EUR"): "agreed"}

    def test_is_found_by_questions_of_a_constant_size(self, world: World) -> None:
        paid = busy_day(world, number=800)
        alter(world, paid[500], amount_minor=999)

        assert compare(world) == [("amount", paid[500])]

        with world.at("BNKA"):
            sizes = [len(value) for value in Message.objects.filter(type=events.TOTALLED).values_list("value", flat=True)]
            assert len(sizes) == 3
            assert max(sizes) < 5_000

    def test_says_what_it_means_and_books_nothing(self, world: World) -> None:
        missing = decide_in_name_only(world)
        before = [world.balance(number, at=at) for number, at in ((ANNA, "BNKA"), (BERT, "BNKB"), ("CLEARING.BNKB.EUR", "BNKA"))]

        compare(world)

        with world.at("BNKA"):
            [row] = reconciliations.breaks(comparisons=[row.id for row in reconciliations.latest(day=world.now.date())])
        assert row.transfer == missing
        assert row.explanation == "BNKA has it as credited, BNKB does not know it; BNKA asks for it again, BNKB then decides."
        assert before == [world.balance(number, at=at) for number, at in ((ANNA, "BNKA"), (BERT, "BNKB"), ("CLEARING.BNKB.EUR", "BNKA"))]

    def test_of_money_that_was_given_back_asks_for_no_payment(self, world: World) -> None:
        decide_in_name_only(world, "rejected")

        compare(world)

        with world.at("BNKA"):
            [row] = reconciliations.breaks(comparisons=[row.id for row in reconciliations.latest(day=world.now.date())])
        assert row.explanation == "BNKA gave the money back, BNKB does not know it; BNKA asks BNKB to refuse it for good."

    def test_is_lost_money_when_an_answer_never_came(self, world: World) -> None:
        late = world.pay(BERT)
        world.relay("BNKA")
        world.consume("BNKB")
        with world.at("BNKA"):
            Message.objects.update(next_at=world.now + timedelta(days=1))
        with world.at("BNKB"):
            Message.objects.update(next_at=world.now + timedelta(days=1))
        world.wait(3_700)

        assert compare(world) == [("outcome", late)]

    def test_over_by_the_next_comparison_has_ended(self, world: World) -> None:
        paid = busy_day(world)
        alter(world, paid[3], amount_minor=999)
        assert compare(world) == [("amount", paid[3])]
        alter(world, paid[3], amount_minor=13)

        assert compare(world) == []

        with world.at("BNKA"):
            assert Break.objects.get().ended_at is not None


class TestTheCommand:
    def test_names_each_break_and_exits_with_3(
        self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        paid = busy_day(world)
        alter(world, paid[3], amount_minor=999)
        monkeypatch.setattr(reconcile_banks, "wait_until", lambda *_, **__: world.converse(rounds=8, pause_s=10))

        world.wait(86_400)
        with time_machine.travel(world.now, tick=False), world.at("BNKA"), pytest.raises(SystemExit) as ended:
            call_command("reconcile_banks", json=True)

        said = json.loads(capsys.readouterr().out)
        assert ended.value.code == 3
        assert [(found["kind"], found["transfer"]) for found in said["breaks"]] == [("amount", str(paid[3]))]
        assert {day["verdict"] for day in said["days"]} == {"agreed", "broken"}

    def test_says_who_has_not_answered(self, world: World) -> None:
        busy_day(world)

        with world.at("BNKA"), pytest.raises(CommandError, match="No answer yet from BNKB"):
            call_command("reconcile_banks", day=world.now.date(), wait=0)


class TestARepair:
    def second_person(self, world: World, at: str) -> None:
        with world.at(at):
            approval = Approval.objects.get(status="waiting")
            assert approve(approval_id=approval.id, by=world.banks[at].supervisor, reason="seen", now=world.now) is None

    def ask(self, world: World, at: str) -> None:
        with world.at(at):
            services.ask_repair(break_id=Break.objects.get().pk, by=world.banks[at].teller, reason="as compared", now=world.now)

    def test_of_a_missing_transfer_asks_for_it_again(self, world: World) -> None:
        decide_in_name_only(world)
        compare(world)
        self.ask(world, "BNKA")

        self.second_person(world, "BNKA")
        world.converse(rounds=3, pause_s=10)

        assert compare(world) == []
        assert world.balance(BERT, at="BNKB") == 101_000

    def test_of_a_missing_transfer_whose_money_was_given_back_has_it_refused_there(self, world: World) -> None:
        missing = decide_in_name_only(world, "rejected")
        before = world.balance(ANNA, at="BNKA")
        compare(world)
        self.ask(world, "BNKA")

        self.second_person(world, "BNKA")
        world.converse(rounds=3, pause_s=10)

        assert compare(world) == []
        assert (world.balance(ANNA, at="BNKA"), world.balance(BERT, at="BNKB")) == (before, 100_000)
        with world.at("BNKB"):
            assert Transfer.objects.get(origin_id=missing).status == "rejected"

    def test_of_a_double_takes_back_what_was_credited(self, world: World) -> None:
        paid = busy_day(world)
        book_twice(world, paid[0])
        compare(world, "BNKB")
        there = world.balance(BERT, at="BNKB")
        self.ask(world, "BNKB")
        assert world.balance(BERT, at="BNKB") == there

        self.second_person(world, "BNKB")

        assert world.balance(BERT, at="BNKB") == there - 10
        assert world.balance("CLEARING.BNKA.EUR", at="BNKB") == -world.balance("CLEARING.BNKB.EUR", at="BNKA")
        assert compare(world, "BNKB") == []
        assert verdicts(world, "BNKB")["BNKA", "BNKA", "EUR"] == "agreed"

    def test_belongs_to_one_of_the_two_banks(self, world: World) -> None:
        paid = busy_day(world)
        book_twice(world, paid[0])
        compare(world)

        with pytest.raises(errors.NothingToRepair, match="BNKB takes it back"):
            self.ask(world, "BNKA")

    def test_is_asked_once(self, world: World) -> None:
        paid = busy_day(world)
        book_twice(world, paid[0])
        compare(world, "BNKB")
        self.ask(world, "BNKB")

        with pytest.raises(errors.NothingToRepair, match="awaiting-approval"):
            self.ask(world, "BNKB")


class TestALie:
    def question(self, world: World) -> tuple[UUID, tuple[events.Total, ...]]:
        with world.at("BNKA"):
            asked = ReconciliationQuestion.objects.select_related("reconciliation").get(reconciliation__origin_bank="BNKA")
            return asked.id, msgspec.json.decode(bytes(asked.totals), type=tuple[events.Total, ...])

    def say(self, world: World, *, source: str = "BNKB", change: Callable[[events.Total], events.Compared]) -> None:
        """Answer BNKA's question before BNKB itself does."""
        question, [asked] = self.question(world)
        data = events.TransfersCompared(question=question, spans=(change(asked),))
        world.post(data, type=events.COMPARED, source=source, to="BNKA")
        world.consume("BNKA")

    def test_about_a_total_is_named_as_the_other_banks(self, world: World) -> None:
        busy_day(world)
        begin(world)

        self.say(world, change=lambda own: events.Compared(own=msgspec.structs.replace(own, count=7), listed=()))
        world.converse()

        with world.at("BNKA"):
            row = next(row for row in reconciliations.latest(day=world.now.date()) if row.origin_bank == "BNKA")
            assert (row.verdict, row.detail) == (
                "broken",
                "BNKB contradicts itself: its list of 0 transfers is not what its total of 7 says",
            )
            assert not Break.objects.exists()

    def test_about_parts_that_leave_something_out_is_named(self, world: World) -> None:
        busy_day(world)
        begin(world)

        self.say(world, change=lambda own: events.Compared(own=msgspec.structs.replace(own, count=7), parts=(own,)))
        world.converse()

        assert verdicts(world)["BNKB", "BNKA", "EUR"] == "broken"

    def test_that_hides_everything_names_each_transfer_and_changes_nothing(self, world: World) -> None:
        paid = busy_day(world)
        begin(world)
        nothing = lambda own: events.Compared(own=total_of([], start=own.start, end=own.end), listed=())  # noqa: E731  # a liar's one line

        self.say(world, change=nothing)
        world.converse()

        assert found(world) == [("missing", transfer) for transfer in sorted(paid)]
        assert {world.status(transfer) for transfer in paid} == {"completed"}

    def test_by_a_third_bank_is_a_dead_letter(self, world: World) -> None:
        busy_day(world)
        begin(world)

        self.say(world, source="BNKC", change=lambda own: events.Compared(own=own))

        with world.at("BNKA"):
            assert DeadLetter.objects.latest("id").reason == "answer-to-unknown"
            assert ReconciliationQuestion.objects.filter(answered_at__isnull=False).count() == 0

    def test_about_other_spans_is_a_dead_letter(self, world: World) -> None:
        busy_day(world)
        begin(world)

        self.say(world, change=lambda own: events.Compared(own=msgspec.structs.replace(own, end=own.start)))

        with world.at("BNKA"):
            assert DeadLetter.objects.latest("id").reason == "answer-with-other-content"

    def test_that_never_ends_is_cut_off(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("transfers.services.reconcile.DEEPEST", 1)
        paid = busy_day(world, number=900)
        alter(world, paid[500], amount_minor=999)

        assert compare(world) == []

        assert verdicts(world)["BNKB", "BNKA", "EUR"] == "broken"


class TestMessagesAboutTotals:
    def test_may_come_twice_late_or_not_at_all(self, world: World) -> None:
        paid = busy_day(world, number=300)
        alter(world, paid[11], amount_minor=999)
        world.broker.weather = Weather(random=Random(3), drop=0.3, duplicate=0.3, delay=0.3)

        begin(world)
        world.converse(rounds=30, pause_s=20)

        assert found(world) == [("amount", paid[11])]

    @pytest.mark.parametrize("step", ["before commit", "after commit"])
    @pytest.mark.parametrize("which", range(1, 5))
    @pytest.mark.parametrize("code", ["BNKA", "BNKB"])
    def test_survive_a_death_at_any_step(self, world: World, step: str, which: int, code: str) -> None:
        paid = busy_day(world, number=60)
        alter(world, paid[11], amount_minor=999)
        begin(world)
        world.banks[code].database.hook = DiesAt(step, which)

        with suppress(Crash):
            world.converse(rounds=8, pause_s=20)
        world.banks[code].database.hook = no_hook
        world.restart_consumer(code)
        world.restart_relay(code)
        world.converse(rounds=8, pause_s=20)

        assert found(world) == [("amount", paid[11])]
