"""The staff: let in, given roles by two persons, shut out; nobody about themselves."""

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from access import approvals, services
from access.errors import (
    AdministratorsEnough,
    ApprovalNotWaiting,
    ApprovalOutdated,
    NoSecondPerson,
    NotAllowed,
    NotAPerson,
    OwnApproval,
    OwnUser,
    ReasonMissing,
    RoleUnknown,
    UserNameInvalid,
    UserNameTaken,
)
from access.models import Approval, AuditEvent, User
from access.permissions import MANAGE_USERS
from access.roles import ADMINISTRATOR, AUDITOR, SUPERVISOR, TELLER
from access.tests.people import NOON, employ


@pytest.fixture(autouse=True)
def roles(db: None) -> None:
    services.open_access()


@pytest.fixture
def ada() -> User:
    return employ("ada", MANAGE_USERS)


@pytest.fixture
def bo() -> User:
    return employ("bo", MANAGE_USERS)


def let_in(by: User, **changes: object) -> str:
    what = {"username": "tess", "first_name": "Tess", "last_name": "Teller", "roles": [TELLER], "reason": "starts today"} | changes
    return services.employ(by=by, now=NOON, **what)  # type: ignore[arg-type]


def roles_of(username: str) -> list[str]:
    return list(User.objects.get(username=username).groups.values_list("name", flat=True))


class TestSomebodyNew:
    def test_can_sign_in_but_may_nothing_before_a_second_person_agrees(self, ada: User, bo: User) -> None:
        password = let_in(ada)
        waiting = Approval.objects.get(action=services.GIVE_ROLES, status="waiting")

        assert User.objects.get(username="tess").check_password(password)
        assert roles_of("tess") == []
        with pytest.raises(OwnApproval):
            services.give_roles(approval_id=waiting.pk, by=ada, now=NOON)

        services.give_roles(approval_id=waiting.pk, by=bo, now=NOON)

        assert roles_of("tess") == [TELLER]
        trail = AuditEvent.objects.filter(subject="user:tess").order_by("id").values_list("action", "actor__username")
        assert list(trail) == [("user.employed", "ada"), ("user.roles.approved", "bo"), ("user.roles-given", "bo")]

    def test_cannot_give_themselves_roles(self, ada: User, bo: User) -> None:
        approval = services.ask_for_roles(username="bo", roles=[SUPERVISOR], reason="promoted", by=ada, now=NOON)

        with pytest.raises(OwnUser):
            services.give_roles(approval_id=approval, by=bo, now=NOON)

        assert roles_of("bo") == []

    def test_needs_a_name_that_is_free_and_a_reason(self, ada: User) -> None:
        with pytest.raises(UserNameTaken):
            let_in(ada, username="ada")
        with pytest.raises(UserNameInvalid):
            let_in(ada, username="Tess Teller")
        with pytest.raises(ReasonMissing):
            let_in(ada, reason=" ")
        with pytest.raises(RoleUnknown):
            let_in(ada, roles=["System"])

        assert not User.objects.filter(username="tess").exists()

    def test_is_let_in_by_those_who_may_only(self, db: None) -> None:
        with pytest.raises(NotAllowed):
            let_in(employ("teller"))


class TestTheFirstAdministrators:
    def test_are_two_and_let_in_everybody_else(self, db: None) -> None:
        for name in ("first", "second"):
            password = services.appoint_administrator(username=name, first_name="Ann", last_name="Onymous", now=NOON)
            assert User.objects.get(username=name).check_password(password)
        with pytest.raises(AdministratorsEnough):
            services.appoint_administrator(username="third", first_name="Ann", last_name="Onymous", now=NOON)

        first, second = (User.objects.get(username=name) for name in ("first", "second"))
        let_in(first)
        services.give_roles(approval_id=Approval.objects.get(status="waiting").pk, by=second, now=NOON)

        assert roles_of("tess") == [TELLER]
        assert not User.objects.filter(username="third").exists()
        assert AuditEvent.objects.filter(action="user.appointed", actor=None).count() == 2

    def test_are_replaced_at_the_machine_when_one_has_left(self, db: None) -> None:
        for name in ("first", "second"):
            services.appoint_administrator(username=name, first_name="Ann", last_name="Onymous", now=NOON)
        services.disable_user(username="second", reason="left", by=User.objects.get(username="first"), now=NOON)

        services.appoint_administrator(username="third", first_name="Ann", last_name="Onymous", now=NOON)

        assert roles_of("third") == [ADMINISTRATOR]


class TestSomebodyWhoLeaves:
    def test_is_shut_out_and_can_come_back(self, ada: User) -> None:
        let_in(ada)

        services.disable_user(username="tess", reason="left", by=ada, now=NOON)
        assert not User.objects.get(username="tess").is_active
        services.enable_user(username="tess", reason="back", by=ada, now=NOON)

        assert User.objects.get(username="tess").is_active

    def test_keeps_no_old_password_after_a_reset(self, ada: User) -> None:
        old = let_in(ada)

        new = services.reset_password(username="tess", reason="forgotten", by=ada, now=NOON)

        user = User.objects.get(username="tess")
        assert (user.check_password(old), user.check_password(new), user.password_given) == (False, True, True)

    def test_may_nothing_after_a_reset_until_a_second_person_agrees(self, ada: User, bo: User) -> None:
        let_in(ada)
        services.give_roles(approval_id=Approval.objects.get(status="waiting").pk, by=bo, now=NOON)

        services.reset_password(username="tess", reason="forgotten", by=ada, now=NOON)
        waiting = Approval.objects.get(status="waiting")
        with pytest.raises(OwnApproval):
            services.give_roles(approval_id=waiting.pk, by=ada, now=NOON)
        before = roles_of("tess")
        services.give_roles(approval_id=waiting.pk, by=bo, now=NOON)

        assert (before, roles_of("tess")) == ([], [TELLER])

    def test_leaves_no_older_question_to_who_knows_the_new_password(self, ada: User, bo: User) -> None:
        let_in(ada, roles=[SUPERVISOR])
        asked = Approval.objects.get(status="waiting")

        services.reset_password(username="tess", reason="forgotten", by=bo, now=NOON)

        with pytest.raises(ApprovalNotWaiting):
            services.give_roles(approval_id=asked.pk, by=bo, now=NOON)
        assert roles_of("tess") == []

    def test_keeps_the_password_where_nobody_could_give_the_roles_again(self, ada: User, bo: User) -> None:
        old = let_in(ada)
        services.give_roles(approval_id=Approval.objects.get(status="waiting").pk, by=bo, now=NOON)
        services.disable_user(username="bo", reason="left", by=ada, now=NOON)

        with pytest.raises(NoSecondPerson):
            services.reset_password(username="tess", reason="forgotten", by=ada, now=NOON)

        assert User.objects.get(username="tess").check_password(old)
        assert roles_of("tess") == [TELLER]

    def test_is_not_given_roles_that_were_asked_for_before_others_were_given(self, ada: User, bo: User) -> None:
        let_in(ada, roles=[])
        first, second = (
            services.ask_for_roles(username="tess", roles=[role], reason="starts", by=ada, now=NOON) for role in (SUPERVISOR, TELLER)
        )
        services.give_roles(approval_id=second, by=bo, now=NOON)

        with pytest.raises(ApprovalOutdated):
            services.give_roles(approval_id=first, by=bo, now=NOON)

        assert roles_of("tess") == [TELLER]

    def test_is_never_oneself_nor_the_bank(self, ada: User) -> None:
        with pytest.raises(OwnUser):
            services.disable_user(username="ada", reason="a mistake", by=ada, now=NOON)
        with pytest.raises(NotAPerson):
            services.disable_user(username="system", reason="a mistake", by=ada, now=NOON)

    def test_can_be_refused_roles_with_a_reason(self, ada: User, bo: User) -> None:
        let_in(ada, roles=[AUDITOR])
        waiting = Approval.objects.get(status="waiting")

        with transaction.atomic():
            approvals.refuse(waiting.pk, services.GIVE_ROLES, permission=MANAGE_USERS, by=bo, reason="not needed", now=NOON)

        assert roles_of("tess") == []
        assert Group.objects.filter(name=AUDITOR).exists()
