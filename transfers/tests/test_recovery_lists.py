"""A bank whose database went back is made whole from what the other banks signed; a bank that is asked tells what it has."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from access.errors import ApprovalOutdated, OwnApproval
from access.models import Approval, AuditEvent, User
from access.site import acting_as, this_bank
from access.tests.people import employ
from accounts import iban
from accounts.models import Account
from banksite import approvals
from messaging import envelope
from messaging.broker import Record
from messaging.envelope import Received
from messaging.errors import Unreadable
from messaging.models import Message, Recovery
from transfers import errors, rules, services
from transfers.entry import Entry
from transfers.events import LIST_REQUESTED, LISTED, REQUESTED, Listed, ListRequested, TransfersListed
from transfers.handlers import LISTED_HANDLER
from transfers.models import PeerList, Transfer
from transfers.recovering import Lesson, lesson_of
from transfers.services import list_transfers
from transfers.tests.people import ANNA, BRAM, NOON, ZOE, announced, answer, asked, balance, buried, decision, paid, receive

LATER = NOON + timedelta(hours=1)
CLEARING, SUSPENSE = "CLEARING.BNKB.EUR", "SUSPENSE.EUR"


def said(outcome: str = "credited", *, origin: str = "BNKB", amount_minor: int = 700, **more: object) -> Listed:
    """Return a line of Bank B's list: a transfer from Zoë to Anna, or from Anna to Zoë."""
    debtor, creditor = (ZOE, ANNA) if origin == "BNKB" else (ANNA, ZOE)
    fields: dict[str, object] = {
        "id": uuid7(),
        "origin": origin,
        "outcome": outcome,
        "amount_minor": amount_minor,
        "currency": "EUR",
        "creditor_iban": creditor,
        "creditor_name": "Creditor",
        "debtor_iban": debtor,
        "debtor_name": "Debtor",
        "reason": "" if outcome == "credited" else "AC01",
        "decided_at": NOON,
        "content": "ab" * 32,
    }
    return Listed(**(fields | more))  # type: ignore[arg-type]


def received(data: ListRequested | TransfersListed, type_: str, *, source: str = "BNKB") -> Received[object]:
    id_ = uuid7()
    value = envelope.encode(id=id_, source=source, destination="BNKA", type=type_, time=NOON, data=data)
    record = Record(topic="external-transfers.BNKA", partition=0, offset=0, value=value)
    return Received(id=id_, source=source, destination="BNKA", type=type_, time=NOON, data=data, record=record)


def tell(*lines: Listed, source: str = "BNKB", following: UUID | None = None, request: UUID | None = None) -> None:
    """Let a page of a bank's list arrive, by default as the answer to what it was asked last."""
    wanted = request or PeerList.objects.get(bank=source).request
    page = TransfersListed(request=wanted, transfers=lines, next=following)
    with transaction.atomic():
        services.take_list(received=[received(page, LISTED, source=source)], now=LATER)  # type: ignore[list-item]


def requests(bank: str) -> list[ListRequested]:
    values = Message.objects.filter(type=LIST_REQUESTED, destination=bank).order_by("id").values_list("value", flat=True)
    return [msgspec.json.decode(envelope.decode(bytes(value)).data, type=ListRequested) for value in values]


def pages() -> list[TransfersListed]:
    values = Message.objects.filter(type=LISTED).order_by("id").values_list("value", flat=True)
    return [msgspec.json.decode(envelope.decode(bytes(value)).data, type=TransfersListed) for value in values]


class TestALesson:
    def entry(self, status: str, *, of: Listed) -> Entry:
        kind = "incoming" if of.origin == "BNKB" else "outgoing"
        return Entry(
            kind=kind,
            status=status,
            amount_minor=of.amount_minor,
            currency=of.currency,
            debtor_number=of.debtor_iban,
            creditor_number=of.creditor_iban,
            origin_bank=of.origin,
            origin_id=of.id,
            destination_bank="BNKB",
            created_at=NOON,
        )

    @pytest.mark.parametrize(
        ("origin", "outcome", "here", "lesson"),
        [
            ("BNKB", "credited", None, Lesson.CREDIT),
            ("BNKB", "rejected", None, Lesson.REJECT),
            ("BNKB", "pending", None, Lesson.NOTHING),
            ("BNKB", "pending", "credited", Lesson.NOTHING),
            ("BNKB", "credited", "credited", Lesson.NOTHING),
            ("BNKB", "credited", "rejected", Lesson.UNCLEAR),
            ("BNKB", "rejected", "credited", Lesson.UNCLEAR),
            ("BNKA", "credited", None, Lesson.BOOK),
            ("BNKA", "rejected", None, Lesson.NOTHING),
            ("BNKA", "credited", "pending", Lesson.NOTHING),
            ("BNKA", "credited", "completed", Lesson.NOTHING),
            ("BNKA", "credited", "rejected", Lesson.UNCLEAR),
            ("BNKA", "rejected", "completed", Lesson.UNCLEAR),
            ("BNKA", "pending", "pending", Lesson.UNCLEAR),
            ("BNKC", "credited", None, Lesson.UNCLEAR),
        ],
    )
    def test_follows_from_what_both_banks_have(self, origin: str, outcome: str, here: str | None, lesson: Lesson) -> None:
        line = said(outcome, origin=origin)
        known = self.entry(here, of=line) if here else None

        assert lesson_of(line, source="BNKB", own="BNKA", known=known) is lesson

    def test_is_none_where_no_account_takes_the_amount(self) -> None:
        assert lesson_of(said(amount_minor=10**15 + 1), source="BNKB", own="BNKA", known=None) is Lesson.UNCLEAR
        assert lesson_of(said("rejected", amount_minor=10**15 + 1), source="BNKB", own="BNKA", known=None) is Lesson.REJECT

    def test_is_none_where_the_amounts_differ(self) -> None:
        line = said("credited")
        known = self.entry("credited", of=msgspec.structs.replace(line, amount_minor=line.amount_minor + 1))

        assert lesson_of(line, source="BNKB", own="BNKA", known=known) is Lesson.UNCLEAR


class TestAPage:
    def read(self, **line: object) -> TransfersListed:
        page = TransfersListed(request=uuid7(), transfers=(said(**line),))  # type: ignore[arg-type]
        value = envelope.encode(id=uuid7(), source="BNKB", destination="BNKA", type=LISTED, time=NOON, data=page)
        opened = envelope.decode(value)
        return LISTED_HANDLER.read(data=opened.data, version=1, envelope=opened)

    def test_is_read_as_an_honest_bank_writes_it(self) -> None:
        rejected = {"outcome": "rejected", "amount_minor": 2**63 - 1, "creditor_iban": "nobody's", "decided_at": None}

        assert [line.amount_minor for line in self.read(**rejected).transfers] == [2**63 - 1]

    @pytest.mark.parametrize(
        "line",
        [
            {"debtor_iban": f"{ZOE}\0"},
            {"creditor_iban": f"{ANNA}\n"},
            {"decided_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))},
            {"decided_at": datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12)))},
        ],
        ids=str,
    )
    def test_that_no_database_can_keep_is_unreadable(self, line: dict[str, object]) -> None:
        with pytest.raises(Unreadable) as refused:
            self.read(**line)

        assert refused.value.reason == "undecodable"


class TestABankThatIsAsked:
    def ask(self, *, source: str = "BNKB", after: UUID | None = None) -> None:
        wanted = ListRequested(since=NOON - timedelta(days=1), after=after)
        with transaction.atomic():
            services.answer_list_requests(received=[received(wanted, LIST_REQUESTED, source=source)], now=LATER)  # type: ignore[list-item]

    def test_tells_what_became_of_the_transfers_between_them(self) -> None:
        arrived = asked(1_000)
        receive(arrived)
        done, waiting = paid(ZOE, "1.00"), paid(ZOE, "2.00")
        answer(decision(done))

        self.ask()

        (page,) = pages()
        told = {line.id: (line.origin, line.outcome, line.amount_minor) for line in page.transfers}
        assert told == {
            arrived.id: ("BNKB", "credited", 1_000),
            done.id: ("BNKA", "credited", 100),
            waiting.id: ("BNKA", "pending", 200),
        }
        assert page.next is None

    def test_tells_nobody_of_transfers_with_others(self) -> None:
        receive(asked(1_000))

        self.ask(source="BNKC")

        assert pages()[0].transfers == ()

    def test_tells_it_page_by_page(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(list_transfers, "MAX_LISTED", 2)
        sent = [paid(ZOE, "1.00").id for _ in range(3)]

        self.ask()
        self.ask(after=pages()[0].next)

        assert [[line.id for line in page.transfers] for page in pages()] == [sent[:2], sent[2:]]
        assert pages()[1].next is None

    def test_tells_of_older_ones_what_pends_or_was_decided_since(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(list_transfers, "MAX_LISTED", 2)
        arrived, late = asked(1_000), asked(2_000)
        receive(arrived, now=NOON - timedelta(days=2))
        long_ago, waiting, lately = (paid(ZOE, "1.00") for _ in range(3))
        answer(decision(long_ago, decided_at=NOON - timedelta(days=2)))
        answer(decision(lately))
        receive(late)
        monkeypatch.setattr(list_transfers, "first_id_from", lambda _: UUID(int=2**128 - 1))  # all of them were made before

        self.ask()
        self.ask(after=pages()[0].next)

        assert [[line.id for line in page.transfers] for page in pages()] == [[waiting.id, lately.id], [late.id]]
        assert pages()[1].next is None

    @pytest.mark.postgres
    def test_finds_them_by_indexes(self) -> None:
        paid(ZOE, "1.00")
        with CaptureQueriesContext(connection) as queries:
            self.ask()

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # the planner of one transfer would rather read through
            plans = []
            for query in queries.captured_queries:
                if 'FROM "transfers_transfer"' in query["sql"]:
                    of_one = query["sql"].replace("'{}'", f"'{{{UUID(int=0)}}}'")  # for no id at all any index will do
                    cursor.execute(f"EXPLAIN {of_one}")
                    plans.append("\n".join(row[0] for row in cursor.fetchall()))

        names = ("transfer_pending", "transfer_decided_there", "transfer_decided_here", "transfers_transfer_pkey")
        assert [plan for plan in plans if not any(name in plan for name in names)] == []
        assert [name for name in names if any(name in plan for plan in plans)] == list(names)

    def test_tells_the_same_content_as_it_asked_for(self) -> None:
        paid(ZOE, "1.00")
        (order,) = announced(REQUESTED)

        self.ask()

        assert pages()[0].transfers[0].content == rules.content_hash(order).hex()


class TestAHeadBankThatWentBack:
    def test_asks_nobody_and_needs_no_list(self) -> None:
        Recovery.objects.create(detail="partition 0", cluster_id="c", committed={}, since=NOON)
        two = [employ(name, "messaging.end_recovery") for name in ("sam", "dee")]

        with acting_as(replace(this_bank(), role="headbank", code="HEAD")):
            missing = services.ask_for_lists(now=LATER)
            ended = [services.end_recovery(by=person, reason="put right", now=LATER) for person in two]

        assert (missing, ended) == ([], [False, True])
        assert not Message.objects.exists()


class TestABankThatWentBack:
    @pytest.fixture(autouse=True)
    def recovery(self) -> Recovery:
        return Recovery.objects.create(detail="partition 0", cluster_id="c", committed={}, since=NOON)

    @pytest.fixture
    def two(self) -> Sequence[User]:
        return [employ(name, "messaging.end_recovery") for name in ("sam", "dee")]

    @pytest.fixture(autouse=True)
    def lists(self, recovery: Recovery) -> None:
        """Ask both other banks; Bank C has nothing to tell."""
        services.ask_for_lists(now=LATER)
        tell(source="BNKC")

    def end(self, two: Sequence[User]) -> None:
        for person in two:
            services.end_recovery(by=person, reason="compared", now=LATER)

    def test_credits_what_was_completed_there(self, two: Sequence[User]) -> None:
        before, line = balance(ANNA), said("credited")
        tell(line)

        self.end(two)

        assert (balance(ANNA) - before, balance(CLEARING)) == (700, -700)
        assert Transfer.objects.get(origin_id=line.id).status == "credited"

    def test_rejects_what_was_given_back_there(self, two: Sequence[User]) -> None:
        line = said("rejected")
        tell(line)

        self.end(two)

        again = asked(line.amount_minor, id=line.id)
        receive(again)
        assert (Transfer.objects.get(origin_id=line.id).status, balance(CLEARING)) == ("rejected", 0)

    def test_books_as_completed_what_was_credited_there_and_is_unknown_here(self, two: Sequence[User]) -> None:
        before, line = balance(ANNA), said("credited", origin="BNKA")
        tell(line)

        self.end(two)

        transfer = Transfer.objects.get(id=line.id)
        assert (transfer.kind, transfer.status) == ("outgoing", "completed")
        assert (balance(ANNA) - before, balance(CLEARING)) == (-700, 700)

    def test_can_tell_the_next_bank_that_went_back_what_it_learned(self, two: Sequence[User]) -> None:
        line = said("credited", origin="BNKA")
        tell(line)
        self.end(two)

        wanted = ListRequested(since=NOON - timedelta(days=1), after=None)
        with transaction.atomic():
            services.answer_list_requests(received=[received(wanted, LIST_REQUESTED, source="BNKB")], now=LATER)  # type: ignore[list-item]

        assert [(told.id, told.content) for told in pages()[-1].transfers] == [(line.id, line.content)]

    def test_books_by_suspense_what_the_account_does_not_hold(self, two: Sequence[User]) -> None:
        tell(said("credited", origin="BNKA", debtor_iban=BRAM))

        self.end(two)

        assert (balance(BRAM), balance(SUSPENSE), balance(CLEARING)) == (0, -700, 700)

    def test_credits_suspense_where_the_account_is_closed(self, two: Sequence[User]) -> None:
        Account.objects.filter(number=BRAM).update(status="closed", closed_at=NOON)
        tell(said("credited", creditor_iban=BRAM))

        self.end(two)

        assert (balance(SUSPENSE), balance(CLEARING)) == (700, -700)

    def test_touches_nothing_both_banks_have_alike(self, two: Sequence[User]) -> None:
        order = asked(1_000)
        receive(order)
        before = balance(ANNA)
        tell(said("credited", id=order.id, amount_minor=1_000))

        self.end(two)

        assert balance(ANNA) == before

    def test_lists_what_cannot_be_told_and_guesses_nothing(self, two: Sequence[User]) -> None:
        order = asked(1_000)
        receive(order)
        before = balance(ANNA)
        tell(said("rejected", id=order.id, amount_minor=1_000))

        unclear = services.standing().unclear
        self.end(two)

        assert unclear == [f"BNKB {order.id}: rejected says BNKB"]
        assert balance(ANNA) == before

    def test_leaves_unclear_what_two_banks_name_alike_and_books_the_others(self, two: Sequence[User], recovery: Recovery) -> None:
        before, line, other = balance(ANNA), said("credited", origin="BNKA"), said("credited")
        PeerList.objects.filter(bank="BNKC").update(completed_at=None)
        tell(said("credited", origin="BNKA", id=line.id, creditor_iban=iban.make("NL", "BNKC", 1)), source="BNKC")
        tell(line, other)

        unclear = services.standing().unclear
        self.end(two)

        assert sorted(unclear) == [f"BNKA {line.id}: credited says {bank}" for bank in ("BNKB", "BNKC")]
        assert balance(ANNA) - before == 700

    def test_leaves_unclear_what_has_the_id_of_another_transfer(self, two: Sequence[User]) -> None:
        receive(asked(1_000))
        before, taken = balance(ANNA), Transfer.objects.get(kind="incoming").id
        tell(said("credited", origin="BNKA", id=taken))

        unclear = services.standing().unclear
        self.end(two)

        assert unclear == [f"BNKA {taken}: credited says BNKB"]
        assert balance(ANNA) == before

    def test_leaves_unclear_what_not_even_suspense_can_book(self, two: Sequence[User]) -> None:
        Account.objects.filter(number=SUSPENSE).update(status="closed", closed_at=NOON)
        before, good, bad = balance(ANNA), said("credited"), said("credited", origin="BNKA", debtor_iban=BRAM)
        tell(good, bad)

        self.end(two)

        assert (balance(ANNA) - before, balance(CLEARING)) == (700, -700)
        assert not Transfer.objects.filter(id=bad.id).exists()
        assert AuditEvent.objects.get(action="recovery.booked").after == {
            "transfers": 1,
            "by_suspense": [],
            "unclear": [f"BNKA {bad.id}"],
        }

    def test_asks_for_the_next_page_until_there_is_none(self) -> None:
        following = uuid7()

        tell(said(), following=following)
        missing = services.standing().missing
        tell(said())

        assert [request.after for request in requests("BNKB")] == [None, following]
        assert (missing, services.standing().missing) == (["BNKB"], [])
        assert not Message.objects.filter(type=LIST_REQUESTED, finished_at__isnull=True).exists()

    def test_takes_a_page_once(self, two: Sequence[User]) -> None:
        before, line, request = balance(ANNA), said("credited"), PeerList.objects.get(bank="BNKB").request
        tell(line)
        tell(line, request=request)

        self.end(two)

        assert balance(ANNA) - before == 700

    def test_does_not_go_on_before_every_bank_has_told(self, two: Sequence[User]) -> None:
        with pytest.raises(errors.ListsMissing, match="BNKB"):
            services.end_recovery(by=two[0], reason="compared", now=LATER)

        assert services.end_recovery(by=two[0], reason="Bank B burnt down", without_lists=True, now=LATER) is False

    def test_does_not_go_on_by_one_persons_word(self, two: Sequence[User]) -> None:
        tell(said("credited"))
        services.end_recovery(by=two[0], reason="compared", now=LATER)

        with pytest.raises(OwnApproval):
            services.end_recovery(by=two[0], reason="compared", now=LATER)

        assert not Transfer.objects.filter(kind="incoming").exists()

    def test_shows_whom_it_is_about_before_it_is_granted(self, two: Sequence[User]) -> None:
        tell(said("credited", amount_minor=700), said("credited", origin="BNKA", amount_minor=12_345), said("rejected"))

        services.end_recovery(by=two[0], reason="compared", now=LATER)

        facts = Approval.objects.get().facts
        assert facts["sums"] == ["BNKB credits customers here EUR 7.00", "BNKB debits customers here EUR 123.45"]
        assert facts["largest"][0] == f"BNKB debits customers here 123.45 EUR: {ANNA} to {ZOE}"

    def test_grants_nothing_that_came_after_it_was_asked(self, two: Sequence[User]) -> None:
        tell(said("credited"))
        PeerList.objects.filter(bank="BNKC").update(completed_at=None)
        before = balance(ANNA)
        services.end_recovery(by=two[0], reason="Bank C is away", without_lists=True, now=LATER)
        tell(said("credited", origin="BNKA", creditor_iban=iban.make("NL", "BNKC", 1)), source="BNKC")

        ended = services.end_recovery(by=two[1], reason="Bank C is away", without_lists=True, now=LATER)

        assert ended is False
        assert balance(ANNA) == before
        assert list(Approval.objects.order_by("id").values_list("status", flat=True)) == ["expired", "waiting"]

    def test_grants_nothing_in_the_list_of_approvals_that_came_after_it_was_asked(self, two: Sequence[User]) -> None:
        PeerList.objects.filter(bank="BNKC").update(completed_at=None)
        tell()
        services.end_recovery(by=two[0], reason="Bank C is away", without_lists=True, now=LATER)
        tell(said("credited", origin="BNKA", creditor_iban=iban.make("NL", "BNKC", 1)), source="BNKC")

        with pytest.raises(ApprovalOutdated):
            approvals.approve(approval_id=Approval.objects.get().pk, by=two[1], reason="yes", now=LATER)

        assert Recovery.objects.filter(ended_at__isnull=True).exists()

    def test_books_nothing_of_a_list_that_is_not_complete(self, two: Sequence[User]) -> None:
        before = balance(ANNA)
        tell(said("credited", origin="BNKA"), following=uuid7())

        for person in two:
            services.end_recovery(by=person, reason="Bank B fell silent", without_lists=True, now=LATER)

        assert balance(ANNA) == before
        assert not Recovery.objects.filter(ended_at__isnull=True).exists()

    def test_takes_nothing_it_did_not_ask_for(self) -> None:
        tell(said("credited"), request=uuid4())

        assert services.standing().missing == ["BNKB"]
        assert services.standing().lessons == {}

    @pytest.mark.parametrize(
        "wrong",
        [{"origin": "BNKC"}, {"debtor_iban": ANNA}, {"creditor_iban": ZOE}, {"currency": "GBP"}],
        ids=str,
    )
    def test_is_told_nothing_of_what_is_not_between_them(self, wrong: dict[str, Any]) -> None:
        tell(said("credited"), said("credited", **wrong))

        assert services.standing().lessons == {"credit": 1}
        assert buried() == ["listed-wrongly"]
