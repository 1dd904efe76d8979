"""Settlement of what the banks owe each other: agreed by both sides, decided by two persons, booked once everywhere, whatever happens."""

import json
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from random import Random
from uuid import UUID, uuid4

import pytest
import time_machine
from django.core.management import CommandError, call_command
from pytest_django.plugin import DjangoDbBlocker

from access.errors import OwnApproval
from access.models import Approval
from accounts.books import Difference
from accounts.errors import InsufficientFunds, LimitInUse
from headbank import services
from headbank.errors import WindowOpen
from headbank.models import Bank, Window, WindowNet, WindowNotice, WindowReport
from messaging import events
from messaging.broker import Outgoing
from messaging.letter_box import topic_of
from messaging.memory import Weather
from messaging.models import DeadLetter, Message
from tests.protocol.banks import RICH, Town, account
from tests.protocol.database import no_hook
from tests.protocol.mishaps import Crash
from tests.protocol.settling import HeadBank, SettlingWorld
from tests.protocol.stories import ANNA, BERT, DiesAt
from transfers import books

CHIARA = account("BNKC", RICH)


@pytest.fixture(scope="session")
def head(town: Town, django_db_blocker: DjangoDbBlocker) -> HeadBank:
    with django_db_blocker.unblock():
        return HeadBank(town, town.folder)


@pytest.fixture
def world(town: Town, head: HeadBank) -> SettlingWorld:
    return SettlingWorld(town, head)


def trade(world: SettlingWorld) -> None:
    """Let A owe B 50, B owe C 30 and C owe A 10 euros."""
    world.pay(BERT, 5_000)
    world.pay(CHIARA, 3_000, debtor=BERT, at="BNKB")
    world.pay(ANNA, 1_000, debtor=CHIARA, at="BNKC")
    world.converse(rounds=4, pause_s=10)


def dead_letters(world: SettlingWorld, at: str) -> list[str]:
    with world.at(at):
        return list(DeadLetter.objects.order_by("id").values_list("reason", flat=True))


def differences(world: SettlingWorld, at: str) -> list[Difference]:
    with world.at(at):
        return list(books.differences(progress=lambda _: None))


def wrong(world: SettlingWorld) -> list[str]:
    """Return what is wrong with anybody's books."""
    return [f"{code}: {difference}" for code in world.banks for difference in differences(world, code)]


def is_square(world: SettlingWorld) -> bool:
    """Return whether banks and head bank say the same about the accounts there, which sum to nothing, and nobody's books are wrong."""
    settled = world.settled()
    mirrored = all(here == -there for here, there in settled.values())
    return mirrored and sum(there for _, there in settled.values()) == 0 == world.balance("SETTLEMENT.EUR", at="HEAD") and not wrong(world)


class TestASettlement:
    def test_leaves_nobody_owing_anything(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000, BNKB=10_000, BNKC=10_000)

        window = world.settle()

        assert world.nets(window) == {"BNKA": -4_000, "BNKB": 2_000, "BNKC": 2_000}
        assert world.owed() == {}
        assert world.settled() == {"BNKA": (4_000, -4_000), "BNKB": (-2_000, 2_000), "BNKC": (-2_000, 2_000)}
        assert is_square(world)
        with world.at("HEAD"):
            assert WindowNotice.objects.filter(window=window, confirmed_at__isnull=False).count() == 3
            assert not Message.objects.filter(finished_at__isnull=True).exists()

    def test_leaves_what_is_undecided_to_the_next(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        late = world.pay(BERT, 700)

        world.settle()

        assert world.status(late) == "completed"
        assert world.owed() == {("BNKA", "BNKB"): 700, ("BNKB", "BNKA"): -700}
        world.settle()
        assert world.owed() == {}
        assert is_square(world)

    def test_leaves_what_was_decided_after_the_cut_off_to_the_next_although_both_know_of_it(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        window = world.close_window()
        with world.at("HEAD"):
            Message.objects.filter(finished_at__isnull=True).update(next_at=world.now + timedelta(seconds=60))
        world.wait(1)
        late = world.pay(BERT, 700)
        world.converse(rounds=4, pause_s=1)
        assert world.status(late) == "completed"

        world.converse(rounds=12, pause_s=10)
        world.agree()
        world.converse(rounds=5, pause_s=10)

        assert world.nets(window)["BNKA"] == -4_000
        assert world.owed() == {("BNKA", "BNKB"): 700, ("BNKB", "BNKA"): -700}

    def test_books_what_was_agreed_while_payments_go_on(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        window = world.close_window()
        world.converse(rounds=5, pause_s=10)
        world.pay(ANNA, 600, debtor=BERT, at="BNKB")
        world.converse(rounds=3, pause_s=10)

        world.agree()
        world.converse(rounds=5, pause_s=10)

        assert world.nets(window)["BNKA"] == -4_000
        assert world.owed() == {("BNKA", "BNKB"): -600, ("BNKB", "BNKA"): 600}
        assert is_square(world)

    def test_waits_until_both_sides_know_of_a_decision(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        world.pay(BERT, 900)
        world.relay("BNKA")
        world.consume("BNKB")
        with world.at("BNKB"):
            Message.objects.filter(finished_at__isnull=True).update(next_at=world.now + timedelta(seconds=90))
        with world.at("BNKA"):
            Message.objects.filter(finished_at__isnull=True).update(next_at=world.now + timedelta(seconds=90))
        world.wait(1)
        window = world.close_window()
        world.converse(rounds=4, pause_s=10)
        assert world.window(window).status == "collecting"

        world.converse(rounds=9, pause_s=20)
        world.agree()
        world.converse(rounds=5, pause_s=10)

        assert world.nets(window)["BNKA"] == -4_900
        assert world.owed() == {}

    def test_takes_a_second_person(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        world.close_window()
        world.converse(rounds=5, pause_s=10)
        before = world.owed()

        with world.at("HEAD"), pytest.raises(OwnApproval):
            services.approve_settlement(
                approval_id=Approval.objects.get(status="waiting").id, by=world.head.supervisor, reason="me too", now=world.now
            )

        assert world.owed() == before
        assert world.settled()["BNKA"] == (0, 0)

    def test_that_is_refused_books_nothing_and_lets_the_next_begin(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        window = world.close_window()
        with world.at("HEAD"), pytest.raises(WindowOpen):
            services.close_window(by=world.head.supervisor, now=world.now)
        world.converse(rounds=5, pause_s=10)

        with world.at("HEAD"):
            approval = Approval.objects.get(status="waiting")
            services.refuse_settlement(approval_id=approval.id, by=world.head.second, reason="not today", now=world.now)
        world.converse(rounds=3, pause_s=10)

        assert world.window(window).status == "refused"
        assert world.settled()["BNKA"] == (0, 0)
        world.settle()
        assert world.owed() == {}

    def test_of_nothing_asks_nobody(self, world: SettlingWorld) -> None:
        window = world.close_window()
        world.converse(rounds=5, pause_s=10)

        assert world.window(window).status == "empty"

    def test_begins_by_the_clock_where_it_is_told_to(self, world: SettlingWorld) -> None:
        with world.at("HEAD"):
            assert services.settle_due(now=world.now, limit=1) == 0


class TestABankWithoutCover:
    def test_is_left_out_with_all_its_pairs_and_named(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=3_999)
        before = world.owed()

        window = world.close_window()
        world.converse(rounds=5, pause_s=10)

        assert world.window(window).status == "empty"
        assert world.flaws(window) == {
            ("BNKA", "BNKB"): "BNKA and BNKB without cover",
            ("BNKA", "BNKC"): "BNKA without cover",
            ("BNKB", "BNKC"): "BNKB without cover",
        }
        assert world.owed() == before

    def test_does_not_keep_the_others_from_settling(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKB=3_000)

        window = world.settle()

        assert world.nets(window) == {"BNKA": 0, "BNKB": -3_000, "BNKC": 3_000}
        assert world.owed() == {("BNKA", "BNKB"): 5_000, ("BNKB", "BNKA"): -5_000, ("BNKA", "BNKC"): -1_000, ("BNKC", "BNKA"): 1_000}
        assert is_square(world)
        world.cover(BNKA=4_000)
        world.settle()
        assert world.owed() == {}
        assert is_square(world)


class TestABankThatIsClosed:
    def test_is_not_waited_for_and_what_it_owes_stays(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        with world.at("HEAD"):
            Bank.objects.filter(code="BNKC").update(status="closed")
        world.publish_directory(world.town.document(version=2, closed=frozenset({"BNKC"})))

        window = world.settle()

        assert world.window(window).status == "booked"
        assert world.nets(window) == {"BNKA": -5_000, "BNKB": 5_000}
        assert world.owed() == {
            ("BNKA", "BNKC"): -1_000,
            ("BNKC", "BNKA"): 1_000,
            ("BNKB", "BNKC"): 3_000,
            ("BNKC", "BNKB"): -3_000,
        }
        assert is_square(world)


class TestTheHeadBanksBooks:
    @pytest.fixture
    def window(self, world: SettlingWorld) -> UUID:
        trade(world)
        world.cover(BNKA=10_000)
        return world.settle()

    def test_name_a_net_that_is_not_what_was_booked(self, world: SettlingWorld, window: UUID) -> None:
        with world.at("HEAD"):
            WindowNet.objects.filter(window=window, bank="BNKA").update(net_minor=-3_999)

        booked, decided = (f"{minor} from SETTLEMENT.BNKA.EUR to SETTLEMENT.EUR" for minor in (4_000, 3_999))
        assert [(said.check, said.expected, said.found) for said in differences(world, "HEAD")] == [
            ("sum of a settlement", "0", "1"),
            ("settlement of BNKA.EUR", decided, booked),
        ]

    def test_name_every_posting_of_a_window_that_was_not_booked(self, world: SettlingWorld, window: UUID) -> None:
        with world.at("HEAD"):
            Window.objects.filter(id=window).update(status="refused")

        assert [(said.check, said.expected) for said in differences(world, "HEAD")] == [
            (f"settlement of {bank}.EUR", "none") for bank in ("BNKA", "BNKB", "BNKC")
        ]


class TestABankThatIsAway:
    def test_is_waited_for_until_its_time_is_over_and_then_left_out(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000, BNKB=10_000)
        window = world.close_window()
        for _ in range(5):
            for code in ("HEAD", "BNKA", "BNKB"):
                world.relay(code)
                world.consume(code)
            world.wait(10)
        assert world.window(window).status == "collecting"

        world.wait(600)
        with world.at("HEAD"):
            assert services.settle_due(now=world.now, limit=1) == 1
        world.agree()
        world.converse(rounds=5, pause_s=10)

        assert world.flaws(window) == {
            ("BNKA", "BNKB"): "",
            ("BNKA", "BNKC"): "BNKC did not report",
            ("BNKB", "BNKC"): "BNKC did not report",
        }
        assert world.nets(window) == {"BNKA": -5_000, "BNKB": 5_000}
        assert is_square(world)

    def test_books_the_notice_when_it_is_back_and_is_settled_with_no_more_until_then(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        world.close_window()
        world.converse(rounds=5, pause_s=10)
        world.agree()
        for _ in range(5):
            for code in ("HEAD", "BNKA", "BNKC"):
                world.relay(code)
                world.consume(code)
            world.wait(10)
        second = world.close_window()
        for _ in range(5):
            for code in ("HEAD", "BNKA", "BNKC"):
                world.relay(code)
                world.consume(code)
            world.wait(10)

        assert world.window(second).status == "collecting"
        world.converse(rounds=10, pause_s=20)
        assert world.window(second).status == "empty"
        assert world.owed() == {}
        assert is_square(world)


class TestANoticeThatIsLate:
    def test_keeps_its_pairs_out_of_the_next_window(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=100_000)
        world.close_window()
        world.converse(rounds=5, pause_s=10)
        world.agree()
        with world.at("HEAD"):
            Message.objects.filter(finished_at__isnull=True).update(next_at=world.now + timedelta(minutes=5))
        second = world.close_window()

        world.converse(rounds=5, pause_s=10)
        assert world.window(second).status == "collecting"
        world.converse(rounds=12, pause_s=60)

        assert world.window(second).status == "empty"
        assert world.owed() == {}
        assert is_square(world)


class TestALie:
    def report(self, world: SettlingWorld, window: UUID, *, amount: int, source: str = "BNKB", after: UUID | None = None) -> None:
        position = events.Position(peer="BNKA", currency="EUR", amount_minor=amount, after=after)
        later = world.now + timedelta(days=1)
        data = events.PositionsReported(window=window, reported_at=later, positions=(position,))
        world.post(data, type=events.SETTLEMENT_POSITIONS_REPORTED, source=source, to="HEAD")

    def test_about_a_position_leaves_that_pair_out_and_names_both(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=100_000)
        window = world.close_window()
        self.report(world, window, amount=-9_000)
        world.converse(rounds=5, pause_s=10)
        assert world.window(window).status == "collecting"

        world.wait(600)
        with world.at("HEAD"):
            services.settle_due(now=world.now, limit=1)

        assert world.flaws(window)["BNKA", "BNKB"] == "BNKA says it owes 5000, BNKB says it is owed 9000"
        assert world.settled()["BNKA"] == (0, 0)

    def test_of_a_report_after_the_proposal_changes_nothing(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        window = world.close_window()
        world.converse(rounds=5, pause_s=10)
        self.report(world, window, amount=-9_000)
        world.consume("HEAD")

        world.agree()
        world.converse(rounds=5, pause_s=10)

        assert world.owed() == {}
        assert is_square(world)

    def test_about_a_window_that_is_none_is_a_dead_letter(self, world: SettlingWorld) -> None:
        self.report(world, uuid4(), amount=-9_000)

        world.converse(rounds=2)

        assert dead_letters(world, "HEAD") == ["answer-to-unknown"]

    def test_about_a_moment_that_no_database_can_keep_is_a_dead_letter(self, world: SettlingWorld) -> None:
        window = world.close_window()
        never = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12)))
        said = events.PositionsReported(window=window, reported_at=never, positions=())
        world.post(said, type=events.SETTLEMENT_POSITIONS_REPORTED, source="BNKB", to="HEAD")

        world.consume("HEAD")

        assert dead_letters(world, "HEAD") == ["undecodable"]
        assert not world.has_unread("HEAD")

    def test_of_a_bank_that_plays_the_head_bank_is_a_dead_letter(self, world: SettlingWorld) -> None:
        trade(world)
        before = world.owed()
        notice = events.SettlementBooked(
            window=uuid4(), cut_off_at=world.now, settled=(events.Settled(peer="BNKB", currency="EUR", amount_minor=5_000),)
        )

        world.post(notice, type=events.SETTLEMENT_BOOKED, source="BNKC", to="BNKA")
        world.post(notice, type=events.SETTLEMENT_BOOKED, source="HEAD", to="BNKA", signed_by="BNKC")
        world.post(notice, type=events.SETTLEMENT_BOOKED, source="HEAD", to="BNKA", signed_by="BNKC", key_id_of="HEAD")
        world.converse(rounds=2)

        assert sorted(dead_letters(world, "BNKA")) == ["sender-wrong", "signature-wrong", "source-wrong"]
        assert world.owed() == before

    def test_of_the_head_bank_itself_books_nothing(self, world: SettlingWorld) -> None:
        trade(world)
        window = world.close_window()
        world.converse(rounds=5, pause_s=10)
        before = world.owed()
        lines = [
            events.Settled(peer="BNKC", currency="EUR", amount_minor=-1_000),
            events.Settled(peer="BNKB", currency="EUR", amount_minor=4_999),
        ]
        notice = events.SettlementBooked(window=window, cut_off_at=world.now, settled=tuple(lines))

        world.post(notice, type=events.SETTLEMENT_BOOKED, source="HEAD", to="BNKA")
        world.converse(rounds=2)

        assert dead_letters(world, "BNKA") == ["notice-not-as-reported"]
        assert world.owed() == before

    def test_that_repeats_an_old_notice_changes_nothing(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        world.settle()
        trade(world)
        before = world.owed()
        old = [record for record in world.letters("BNKA") if events.SETTLEMENT_BOOKED.encode() in record.value]

        for record in old:
            again = Outgoing(topic=topic_of(code="BNKA"), partition=0, value=record.value, headers=record.headers)
            world.broker.producer(name="somebody").publish(records=[again])
        world.converse(rounds=3, pause_s=10)

        assert old
        assert not world.has_unread("BNKA"), "nothing stands in the way of what comes behind it"
        assert world.owed() == before
        assert is_square(world)


class TestMessagesAboutSettlement:
    def test_may_come_twice_late_or_not_at_all(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        world.broker.weather = Weather(random=Random(5), drop=0.3, duplicate=0.4, delay=0.3)
        world.close_window()
        world.converse(rounds=15, pause_s=15)
        world.agree()
        world.converse(rounds=20, pause_s=20)

        assert world.owed() == {}
        assert is_square(world)
        assert [reason for code in world.banks for reason in dead_letters(world, code)] == []

    @pytest.mark.parametrize("step", ["before commit", "after commit"])
    @pytest.mark.parametrize("which", range(1, 3))
    @pytest.mark.parametrize("code", ["HEAD", "BNKA"])
    def test_survive_a_death_at_any_step(self, world: SettlingWorld, step: str, which: int, code: str) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        window = world.close_window()
        for _ in range(2):
            world.banks[code].database.hook = DiesAt(step, which)
            with suppress(Crash):
                world.converse(rounds=5, pause_s=15)
            world.banks[code].database.hook = no_hook
            world.restart_consumer(code)
            world.restart_relay(code)
            world.converse(rounds=6, pause_s=15)
            if world.window(window).status == "proposed":
                world.agree()

        assert world.window(window).status == "booked"
        assert world.owed() == {}
        assert is_square(world)


class TestAReport:
    def test_of_the_newest_moment_counts(self, world: SettlingWorld) -> None:
        trade(world)
        window = world.close_window()
        world.converse(rounds=4, pause_s=10)
        with world.at("HEAD"):
            report = WindowReport.objects.get(window=window, bank="BNKA")
        assert report.reported_at is not None
        position = events.Position(peer="BNKB", currency="EUR", amount_minor=1)
        older = events.PositionsReported(window=window, reported_at=report.reported_at - timedelta(seconds=1), positions=(position,))

        world.post(older, type=events.SETTLEMENT_POSITIONS_REPORTED, source="BNKA", to="HEAD")
        world.consume("HEAD")

        with world.at("HEAD"):
            assert WindowReport.objects.get(window=window, bank="BNKA").positions == report.positions


class TestTheCommands:
    def test_take_a_settlement_from_its_cut_off_to_its_report(self, world: SettlingWorld, capsys: pytest.CaptureFixture[str]) -> None:
        trade(world)
        with world.at("HEAD"), time_machine.travel(world.now, tick=False):
            for person in ("hanna", "hugo"):
                call_command("set_cover", "BNKA", "EUR", "4000", reason="as agreed", username=person)
            call_command("close_settlement", username="hanna")
        window = capsys.readouterr().out.split()[-1]
        world.converse(rounds=5, pause_s=10)

        with world.at("HEAD"), time_machine.travel(world.now, tick=False):
            with pytest.raises(CommandError, match="somebody else"):
                call_command("decide_settlement", window, "book", reason="seen", username="hanna")
            call_command("decide_settlement", window, "book", reason="seen", username="hugo")
        world.converse(rounds=5, pause_s=10)

        with world.at("HEAD"):
            call_command("show_settlement", window, csv=True)
            lines = capsys.readouterr().out.splitlines()
            call_command("show_settlement", window, json=True)
            document = json.loads(capsys.readouterr().out)
            call_command("show_settlement")
        assert lines[0] == "kind,currency,bank,other_bank,amount,note"
        assert lines[1:4] == [
            "net,EUR,BNKA,,-40.00,booked by the bank",
            "net,EUR,BNKB,,20.00,booked by the bank",
            "net,EUR,BNKC,,20.00,booked by the bank",
        ]
        assert lines[4:] == ["pair,EUR,BNKA,BNKB,50.00,", "pair,EUR,BNKA,BNKC,-10.00,", "pair,EUR,BNKB,BNKC,30.00,"]
        assert (document["window"]["status"], document["sums"], document["silent"]) == ("booked", {"EUR": 0}, [])
        assert window in capsys.readouterr().out
        assert world.owed() == {}

    def test_refuse_a_window_that_is_none(self, world: SettlingWorld) -> None:
        with world.at("HEAD"), pytest.raises(CommandError, match="no such settlement window"):
            call_command("show_settlement", str(uuid4()))


class TestACover:
    def test_is_not_taken_from_a_bank_that_uses_it(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        world.settle()

        with pytest.raises(LimitInUse):
            world.cover(BNKA=3_999)

        assert world.settled()["BNKA"] == (4_000, -4_000)

    def test_that_was_lowered_before_the_second_person_agrees_stops_the_whole_window(self, world: SettlingWorld) -> None:
        trade(world)
        world.cover(BNKA=10_000)
        world.close_window()
        world.converse(rounds=5, pause_s=10)
        world.cover(BNKA=100)

        with pytest.raises(InsufficientFunds):
            world.agree()

        assert world.settled() == dict.fromkeys(("BNKA", "BNKB", "BNKC"), (0, 0))
