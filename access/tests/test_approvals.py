"""A second person decides, once, and the deed waits for it."""

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from access import approvals, selectors
from access.errors import ApprovalNotWaiting, NotAllowed, OwnApproval, ReasonMissing
from access.models import Approval, AuditEvent, User
from access.retry import retrying
from access.tests.people import NOON, at_once, employ

MAY = "access.manage_users"


def _ask(by: User) -> UUID:
    with transaction.atomic():
        return approvals.ask(action="vault", subject="vault 7", facts={"amount_minor": 5}, reason="moving day", by=by, now=NOON)


def _decide(approval_id: UUID, by: User, *, approve: bool = True, reason: str = "") -> Approval:
    with transaction.atomic():
        decide = approvals.agree if approve else approvals.refuse
        return decide(approval_id, "vault", permission=MAY, by=by, reason=reason, now=NOON)


@pytest.mark.django_db
class TestAsk:
    def test_leaves_a_question_that_waits(self) -> None:
        approval_id = _ask(tess := employ("tess"))

        (shown,) = selectors.waiting(by=tess)

        assert (shown.id, shown.action, shown.facts, shown.reason, shown.asked_by) == (
            approval_id,
            "vault",
            {"amount_minor": 5},
            "moving day",
            "tess",
        )

    def test_shows_customers_to_those_alone_who_need_to_know_them(self) -> None:
        facts = {"debtor": "NL06BNKA0000000001", "creditor": "NL57BNKB0000000004", "amount_minor": 5}
        tess = employ("tess", "accounts.view_customer")
        with transaction.atomic():
            approvals.ask(action="pay", subject="transfer:7", facts=facts, reason="Rent of Maria Jansen", by=tess, now=NOON)

        [whole], [veiled] = selectors.waiting(by=tess), selectors.waiting(by=employ("ada"))

        assert (whole.facts, whole.reason) == (facts, "Rent of Maria Jansen")
        hidden = {"debtor": "NL06••••0001", "creditor": "NL57••••0004"}
        assert (veiled.facts, veiled.reason) == (facts | hidden, "•" * 4)

    def test_returns_ids_in_the_order_of_the_questions(self) -> None:
        questions = [approvals.Question(action="vault", subject=f"vault {number}") for number in range(3)]

        with transaction.atomic():
            ids = approvals.ask_each(questions=questions, by=employ("tess"), now=NOON)

        assert [Approval.objects.get(id=approval_id).subject for approval_id in ids] == ["vault 0", "vault 1", "vault 2"]


@pytest.mark.django_db
class TestDecide:
    def test_takes_the_word_of_a_second_person_and_records_it(self) -> None:
        approval_id = _ask(employ("tess"))
        sam = employ("sam", MAY)

        decided = _decide(approval_id, sam)

        assert (decided.status, decided.decided_by) == ("approved", sam)
        assert selectors.waiting_count() == 0
        event = AuditEvent.objects.get()
        assert (event.actor, event.action, event.subject) == (sam, "vault.approved", "vault 7")

    def test_refuses_who_asked_even_with_the_permission(self) -> None:
        tess = employ("tess", MAY)
        approval_id = _ask(tess)

        with pytest.raises(OwnApproval):
            _decide(approval_id, tess)

    def test_refuses_who_may_not(self) -> None:
        approval_id = _ask(employ("tess"))

        with pytest.raises(NotAllowed):
            _decide(approval_id, employ("tom"))

    def test_refuses_who_has_been_disabled(self) -> None:
        approval_id = _ask(employ("tess"))
        User.objects.filter(pk=employ("sam", MAY).pk).update(is_active=False)

        with pytest.raises(NotAllowed):
            _decide(approval_id, User.objects.get(username="sam"))

    def test_wants_a_reason_for_a_no(self) -> None:
        approval_id = _ask(employ("tess"))
        sam = employ("sam", MAY)

        with pytest.raises(ReasonMissing):
            _decide(approval_id, sam, approve=False, reason="  ")

        assert _decide(approval_id, sam, approve=False, reason="not today").status == "refused"

    def test_happens_once(self) -> None:
        approval_id = _ask(employ("tess"))
        sam = employ("sam", MAY)
        _decide(approval_id, sam)

        with pytest.raises(ApprovalNotWaiting) as refused:
            _decide(approval_id, sam, approve=False, reason="changed my mind")

        assert refused.value.facts["status"] == "approved"

    def test_knows_no_question_nobody_asked(self) -> None:
        with pytest.raises(ApprovalNotWaiting):
            _decide(uuid4(), employ("sam", MAY))


@pytest.mark.django_db(transaction=True)
class TestTwoDeciders:
    def test_do_not_both_win(self) -> None:
        approval_id = _ask(employ("tess"))
        sam, sue = employ("sam", MAY), employ("sue", MAY)

        outcomes = at_once(
            [
                lambda: retrying(lambda: _decide(approval_id, sam)),
                lambda: retrying(lambda: _decide(approval_id, sue, approve=False, reason="no")),
            ]
        )

        assert sum(isinstance(outcome, Approval) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, ApprovalNotWaiting) for outcome in outcomes) == 1
        assert AuditEvent.objects.count() == 1


@pytest.mark.django_db
class TestExpireEach:
    def test_ends_those_that_wait_and_names_them(self) -> None:
        tess, sam = employ("tess"), employ("sam", MAY)
        decided, forgotten = _ask(tess), _ask(tess)
        _decide(decided, sam)

        with transaction.atomic():
            expired = approvals.expire_each(approval_ids=[decided, forgotten], now=NOON)

        assert expired == [forgotten]
        assert Approval.objects.get(id=decided).status == "approved"
        assert Approval.objects.get(id=forgotten).status == "expired"


@pytest.mark.django_db
class TestTheDatabase:
    def test_refuses_a_decision_by_who_asked(self) -> None:
        tess = employ("tess")
        approval_id = _ask(tess)

        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor():
            Approval.objects.filter(id=approval_id).update(status="approved", decided_by=tess, decided_at=NOON)
