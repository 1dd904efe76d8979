"""Text that strangers write: one rule wherever it comes in, and nothing paid twice because of how its name was typed."""

from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize

import msgspec
import pytest
from django.test import Client
from django.utils import timezone

from access import text
from access.models import User
from accounts.models import Account, Customer
from accounts.services import open_customer
from accounts.tests.people import euros
from tests.api.bank import Api, bank_with_keys, token_of
from transfers import events, rules
from transfers.errors import TextInvalid
from transfers.models import Transfer
from transfers.orders import Payment
from transfers.payments_file import Line, read

UNSAFE = {
    "a zero byte": "\0",
    "a control character": "\x07",
    "a control character of the second kind": "\x85",
    "a line separator": "\u2028",
    "a paragraph separator": "\u2029",
    "an override of direction": "\u202e",
    "an isolate of direction": "\u2067",
    "a mark of direction": "\u200f",
    "zero width": "\u200b",
    "a byte order mark": "\ufeff",
    "a soft hyphen": "\u00ad",
    "no character": "\uffff",
    "no character of another plane": "\U0001ffff",
    "a tag": "\U000e0041",
}
COMPOSED, DECOMPOSED = normalize("NFC", "löhne-1"), normalize("NFD", "löhne-1")
GOOD = ["Zoë Ångström-O'Neill", "محمد علی", "नमस्ते", "می\u200cخواهم", "👩\u200d👧 & Co", "李小龍", "x" * 70]  # noqa: RUF001  # letters of Arabic


@pytest.fixture
def api(bank: None, tmp_path: Path) -> Iterator[Api]:
    with bank_with_keys(tmp_path):
        yield Api()


@pytest.fixture
def teller(api: Api) -> User:
    return User.objects.get(username="teller")


def payment(*, creditor_name: str = "Bram", reference: str = "", end_to_end_id: str = "") -> Payment:
    texts = {"creditor_name": creditor_name, "reference": reference, "end_to_end_id": end_to_end_id}
    return Payment(debtor="NL1", creditor="NL2", amount=euros("1.00"), **texts)  # type: ignore[arg-type]  # three texts


def refusal(order: Payment) -> TextInvalid | None:
    return rules.refuse_texts(reference=order.reference, end_to_end_id=order.end_to_end_id, creditor_name=order.creditor_name)


class TestAnUnsafeText:
    @pytest.mark.parametrize("character", UNSAFE.values(), ids=UNSAFE)
    @pytest.mark.parametrize("field", ["reference", "end_to_end_id", "creditor_name"])
    def test_is_refused_in_every_text_of_a_payment(self, field: str, character: str) -> None:
        assert isinstance(refusal(payment(**{field: f"ab{character}cd"})), TextInvalid)

    @pytest.mark.parametrize("character", UNSAFE.values(), ids=UNSAFE)
    def test_is_refused_in_a_body_with_its_place(self, api: Api, teller: User, character: str) -> None:
        body = {"name": f"An{character}na", "phone": "+31 6 12345678"}

        answer = api.post("/api/v1/customers", body, token=token_of(teller), key="k")

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/name")

    @pytest.mark.parametrize("written", [b'"\\ud800"', b'"\\udfff x"', b'"\\u202e"', b'"a\x7fb"', b"NaN", b"\xff\xfe\x00"])
    def test_is_refused_however_json_writes_it(self, api: Api, teller: User, written: bytes) -> None:
        answer = api.post("/api/v1/customers", b'{"name": ' + written + b', "phone": "+31612345678"}', token=token_of(teller), key="k")

        assert answer.status_code == 400

    @pytest.mark.parametrize("character", UNSAFE.values(), ids=UNSAFE)
    def test_is_refused_in_a_query(self, api: Api, teller: User, character: str) -> None:
        assert api.get("/api/v1/customers", token=token_of(teller)).status_code == 200
        answer = api.client.get("/api/v1/customers", {"search": f"a{character}b"}, headers={"Authorization": f"Bearer {token_of(teller)}"})

        assert answer.status_code == 400

    @pytest.mark.parametrize("character", UNSAFE.values(), ids=UNSAFE)
    def test_of_another_bank_is_no_order_of_the_contract(self, character: str) -> None:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(f"ab{character}cd", events.Text)

    @pytest.mark.parametrize("character", UNSAFE.values(), ids=UNSAFE)
    def test_of_another_bank_is_stored_clean(self, character: str) -> None:
        assert rules.cut(f"ab{character}cd") == "abcd"

    @pytest.mark.parametrize("character", [each for name, each in UNSAFE.items() if name != "a zero byte"])
    def test_that_was_pasted_into_a_page_is_cleaned(self, api: Api, character: str) -> None:
        client = Client()
        client.force_login(User.objects.get(username="teller"))
        form = {"name": f"New{character} Person", "phone": f"{character}+31 6 8765 4321", "email": ""}

        client.post("/customers/new", form | {"confirmed": "yes"})

        assert not [name for name in Customer.objects.values_list("name", flat=True) if not text.is_safe(name)]


class TestASafeText:
    @pytest.mark.parametrize("name", GOOD)
    def test_is_a_name_a_reference_and_a_customer(self, api: Api, teller: User, name: str) -> None:
        open_customer(name=name, phone="+31 6 5555 0000", by=teller, now=timezone.now())

        assert refusal(payment(creditor_name=name, reference=name)) is None
        assert Customer.objects.filter(name=name).exists()

    @pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
    def test_may_hold_joiners_but_not_in_an_id(self, joiner: str) -> None:
        assert refusal(payment(reference=f"a{joiner}b")) is None
        assert isinstance(refusal(payment(end_to_end_id=f"a{joiner}b")), TextInvalid)


class TestOneIdThatIsTypedInTwoWays:
    def test_is_one_payment_of_a_file(self, tmp_path: Path) -> None:
        lines = file_lines(tmp_path, f"{COMPOSED},NL1,NL2,Bram,1.00,EUR,rent", f" {DECOMPOSED} ,NL1,NL2,Bram,1.00,EUR,rent")

        assert DECOMPOSED != COMPOSED
        assert lines[0].key == lines[1].key
        assert lines[0].fingerprint == lines[1].fingerprint

    def test_is_kept_composed(self) -> None:
        assert payment(end_to_end_id=f"  {DECOMPOSED}   a ").end_to_end_id == f"{COMPOSED} a"

    def test_is_one_id_over_the_api(self, api: Api, teller: User) -> None:
        body = {"account": _account(), "amount": {"amount_minor": 100, "currency": "EUR"}}
        for key, name in (("k1", COMPOSED), ("k2", DECOMPOSED)):
            api.post("/api/v1/deposits", body | {"end_to_end_id": name}, token=token_of(teller), key=key)

        assert set(Transfer.objects.filter(end_to_end_id__startswith="l").values_list("end_to_end_id", flat=True)) == {COMPOSED}


class TestAPaymentsFile:
    def test_names_the_line_of_an_open_quote_and_how_many_it_swallowed(self, tmp_path: Path) -> None:
        lines = file_lines(tmp_path, "a,NL1,NL2,Bram,1.00,EUR,x", 'b,NL1,NL2,"Bram,1.00,EUR,x', "c,NL1,NL2,Bram,1.00,EUR,x", "d,,,,,,")

        assert [line.number for line in lines] == [2, 3]
        assert "the quote opened in line 3 is not closed: the 2 lines after it were read as part of it" in str(lines[1].order)

    def test_numbers_its_lines_as_an_editor_does(self, tmp_path: Path) -> None:
        lines = file_lines(tmp_path, 'a,NL1,NL2,"Bram\nBakker",1.00,EUR,x', "", ",,,,,,", " , ,,,,,", "b,NL1,NL2,Bram,1.00,EUR,x")

        assert [(line.number, line.end_to_end_id) for line in lines] == [(2, "a"), (7, "b")]


def file_lines(folder: Path, *lines: str) -> list[Line]:
    path = folder / "payments.csv"
    path.write_text("\n".join(["end_to_end_id,debtor_iban,creditor_iban,creditor_name,amount,currency,reference", *lines]) + "\n")
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(read(file, name="payments.csv"))


def _account() -> str:
    return Account.objects.filter(kind="checking", currency="EUR", status="open").order_by("id").values_list("number", flat=True)[0]
