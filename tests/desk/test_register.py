"""What the head bank's staff do at their desk: the register, its keys, what banks may owe, settlements."""

from collections.abc import Callable

import pytest
from django.test import Client

from access.models import Approval, AuditEvent
from accounts.models import Account, Posting
from headbank.models import Bank, BankKey, Invitation, Window
from messaging import signing
from messaging.models import Directory, Peer, PeerKey
from tests.desk.bank import browser
from tests.desk.head_bank import OWED

pytestmark = pytest.mark.usefixtures("head_bank")
BANK = "/admin/headbank/bank"
WHY = {"reason": "agreed in the meeting"}
Do = Callable[..., str]


@pytest.fixture
def first() -> Client:
    return browser("supervisor")


@pytest.fixture
def second() -> Client:
    return browser("deputy")


def do(client: Client, path: str, **values: str) -> str:
    """Submit the dialog of a deed and return what is shown after it."""
    return client.post(f"{path}/", WHY | values, follow=True).content.decode()


class TestOnePerson:
    def test_invites_a_bank_with_a_code_that_is_shown_once(self, first: Client) -> None:
        told = do(first, f"{BANK}/invite", code="bnkz")

        assert "One-time code" in told
        assert Invitation.objects.get(bank="BNKZ").invited_by.get_username() == "supervisor"
        assert AuditEvent.objects.get(action="bank.invited", subject="BNKZ").reason == WHY["reason"]

    def test_suspends_a_bank_and_every_bank_is_told(self, first: Client) -> None:
        do(first, f"{BANK}/BNKA/suspend")

        assert (Bank.objects.get(code="BNKA").status, Peer.objects.get(code="BNKA").status) == ("suspended", "suspended")
        assert AuditEvent.objects.get(action="bank.suspended", subject="BNKA").reason == WHY["reason"]

    def test_revokes_a_key_and_every_bank_is_told(self, first: Client) -> None:
        key = BankKey.objects.get(bank="BNKA")

        do(first, f"/admin/headbank/bankkey/{key.pk}/revoke")

        key.refresh_from_db()
        assert key.revoked_at is not None
        assert PeerKey.objects.get(key_id=key.pk).revoked

    def test_is_told_which_keys_end_with_it(self, first: Client) -> None:
        key, other = BankKey.objects.get(bank="BNKA"), signing.generate()
        facts = {"public_key": other.public_key, "announced_by": key.pk, "announced_at": key.announced_at}
        BankKey.objects.create(key_id=other.key_id, bank_id="BNKA", **facts)
        dialog = f"/admin/headbank/bankkey/{key.pk}/revoke"

        assert (
            f"With it end those announced under it, by the bank or by whoever had it: {other.key_id}."
            in first.get(f"{dialog}/").content.decode()
        )
        assert f"and with it {other.key_id}" in do(first, dialog)

    def test_publishes_a_register_that_was_changed_otherwise(self, first: Client) -> None:
        before = Directory.objects.order_by("-version").values_list("version", flat=True)[0]
        Bank.objects.filter(code="BNKA").update(name="Bank A of today")

        do(first, f"{BANK}/announce")

        assert Directory.objects.order_by("-version").values_list("version", flat=True)[0] > before
        assert Peer.objects.get(code="BNKA").name == "Bank A of today"

    def test_is_told_when_a_code_is_none(self, first: Client) -> None:
        assert "code is four letters" in do(first, f"{BANK}/invite", code="B2")
        assert not Invitation.objects.filter(bank="B2").exists()


class TestTwoPersons:
    @pytest.mark.parametrize(
        ("code", "deed", "status"), [("BNKN", "approve", "active"), ("BNKS", "reactivate", "active"), ("BNKA", "close", "closed")]
    )
    def test_decide_about_a_banks_standing(self, first: Client, second: Client, code: str, deed: str, status: str) -> None:
        before = Bank.objects.get(code=code).status

        do(first, f"{BANK}/{code}/{deed}")
        assert Bank.objects.get(code=code).status == before
        assert "somebody else must decide" in do(first, f"{BANK}/{code}/{deed}")
        do(second, f"{BANK}/{code}/{deed}")

        assert (Bank.objects.get(code=code).status, Peer.objects.get(code=code).status) == (status, status)

    def test_take_a_bank_in_that_did_not_apply(self, first: Client, second: Client) -> None:
        said = {"code": "BNKZ", "name": "Bank Z", "public_key": signing.generate().public_key, "partitions": "4"}

        for person in (first, second):
            do(person, f"{BANK}/register", **said)

        assert Bank.objects.get(code="BNKZ").status == "active"
        assert PeerKey.objects.get(peer="BNKZ").public_key == said["public_key"]

    def test_add_a_key(self, first: Client, second: Client) -> None:
        key = signing.generate()

        for person in (first, second):
            do(person, f"{BANK}/BNKA/add-key", public_key=key.public_key.upper())

        assert BankKey.objects.get(key_id=key.key_id).bank_id == "BNKA"

    def test_set_a_cap_and_take_it_away(self, first: Client, second: Client) -> None:
        for cap, caps in (("2500.00", {"EUR": 250_000}), ("", {})):
            for person in (first, second):
                do(person, f"{BANK}/BNKA/set-cap", currency="EUR", cap=cap)
            assert Bank.objects.get(code="BNKA").debit_caps == Peer.objects.get(code="BNKA").debit_caps == caps

    def test_set_a_cover(self, first: Client, second: Client) -> None:
        for person in (first, second):
            do(person, f"{BANK}/BNKB/set-cover", currency="USD", cover="75")

        assert Account.objects.get(number="SETTLEMENT.BNKB.USD").floor_minor == -7_500

    def test_are_asked_about_an_amount_that_is_one(self, first: Client) -> None:
        shown = do(first, f"{BANK}/BNKA/set-cap", currency="EUR", cap="12.345")

        assert 'aria-invalid="true"' in shown
        assert not Approval.objects.filter(action="bank.set-cap").exists()


class TestASettlement:
    def test_is_closed_by_one_person_with_a_reason(self, first: Client, second: Client) -> None:
        path = "/admin/headbank/window"
        assert "One settlement is not finished yet" in do(first, f"{path}/close-window")
        do(second, f"{path}/{Window.objects.get().pk}/refuse")

        do(first, f"{path}/close-window")

        assert sorted(Window.objects.values_list("status", flat=True)) == ["collecting", "refused"]
        assert AuditEvent.objects.filter(action="settlement.window-closed", reason=WHY["reason"]).count() == 1

    def test_is_booked_by_another_who_sees_the_nets(self, first: Client, second: Client) -> None:
        window = Window.objects.get()
        path = f"/admin/headbank/window/{window.pk}"
        shown = second.get(f"{path}/change/").content.decode()
        assert ("-40.00" in shown, "BNKB" in shown) == (True, True)

        assert "somebody else must decide" in do(first, f"{path}/book")
        assert not Posting.objects.exists()
        do(second, f"{path}/book")

        window.refresh_from_db()
        assert window.status == "booked"
        balances = dict(Account.objects.filter(number__startswith="SETTLEMENT.BNK").values_list("number", "balance_minor"))
        assert (balances["SETTLEMENT.BNKA.EUR"], balances["SETTLEMENT.BNKB.EUR"]) == (-OWED, OWED)


class TestTheRegister:
    def test_is_found_by_name_and_narrowed_by_standing(self, first: Client) -> None:
        def codes(query: str) -> list[str]:
            return [bank.code for bank in first.get(f"{BANK}/?{query}").context["cl"].result_list]

        assert codes("") == ["BNKA", "BNKB", "BNKN", "BNKS"]
        assert codes("q=BNKB") == ["BNKB"]
        assert codes("status__exact=applied") == ["BNKN"]
