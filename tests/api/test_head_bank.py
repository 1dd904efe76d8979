"""The head bank's API: who may do what, the register from an application to a closed bank, and the directory anybody may read."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from access.models import User
from access.roles import ADMINISTRATOR, API_CLIENT, AUDITOR, SUPERVISOR
from access.site import Site, acting_as, this_bank
from access.tests.people import NOON
from banksite.urls_api import endpoints_headbank
from headbank import services
from headbank.models import Bank, BankKey
from messaging import directory, documents, signing
from messaging.errors import DirectoryRefused, HeadBankUnreachable
from messaging.head_bank_site import HeadBankSite
from messaging.models import Directory, Peer
from messaging.selectors import directory_version
from tests.api.bank import Api, bank_with_keys, employ, enlist, token_of
from tests.api.test_matrix import METHODS, STRANGERS, Row, addresses, expected, strangers
from tests.api.test_matrix import TABLE as TABLE_OF_BANKS

EVERYBODY = frozenset({ADMINISTRATOR, SUPERVISOR, AUDITOR})
MANAGERS = frozenset({SUPERVISOR})
KEY, SPARE = signing.generate(), signing.generate()
NEW_BANK = {"code": "GAMA", "name": "Gamma", "public_key": SPARE.public_key, "partitions": 4, "reason": "as agreed"}
WHY = {"reason": "as agreed"}
SHARED = ("auth/", "me", "approvals", "clients")
TABLE: Mapping[tuple[str, str], Row] = {
    **{
        place: replace(row, may=row.may & EVERYBODY)
        for place, row in TABLE_OF_BANKS.items()
        if place[0].startswith(SHARED) and "mandates" not in place[0]
    },
    ("clients", "GET"): Row(status=200, may=EVERYBODY - MANAGERS),
    ("clients/<str:username>", "GET"): Row(status=200, may=EVERYBODY - MANAGERS),
    ("clients/<str:username>/limits", "POST"): Row(status=400, may=frozenset({ADMINISTRATOR})),
    ("me", "GET"): Row(status=200, may=EVERYBODY),
    ("banks", "GET"): Row(status=200, may=EVERYBODY),
    ("banks", "POST"): Row(status=200, may=MANAGERS, rehearsed=True, body=NEW_BANK),
    ("banks/<str:code>", "GET"): Row(status=200, may=EVERYBODY),
    ("banks/<str:code>/approve", "POST"): Row(status=409, may=MANAGERS, body=WHY),
    ("banks/<str:code>/suspend", "POST"): Row(status=200, may=MANAGERS, rehearsed=True, body=WHY),
    ("banks/<str:code>/reactivate", "POST"): Row(status=409, may=MANAGERS, body=WHY),
    ("banks/<str:code>/close", "POST"): Row(status=200, may=MANAGERS, rehearsed=True, body=WHY),
    ("banks/<str:code>/keys", "POST"): Row(status=200, may=MANAGERS, rehearsed=True, body=WHY | {"public_key": SPARE.public_key}),
    ("banks/<str:code>/debit-cap", "POST"): Row(
        status=200, may=MANAGERS, rehearsed=True, body=WHY | {"currency": "EUR", "cap_minor": 1_000}
    ),
    ("keys/<str:key_id>/revoke", "POST"): Row(status=200, may=MANAGERS, rehearsed=True, body=WHY),
    ("applications", "POST"): Row(status=400, is_open=True),
    ("directory", "GET"): Row(status=404, is_open=True),
}
ADDRESSES = dict(addresses(endpoints_headbank))


@pytest.fixture(autouse=True)
def head_bank(open_bank: None, settings: Settings, tmp_path: Path) -> Iterator[Site]:
    settings.ROOT_URLCONF = "banksite.urls_headbank"
    (tmp_path / "head").mkdir()
    with bank_with_keys(tmp_path / "head", role="headbank", code="HEAD", name="Head Bank"):
        yield this_bank()


@pytest.fixture
def rita() -> User:
    return employ("rita", SUPERVISOR)


@pytest.fixture
def otto() -> User:
    return employ("otto", SUPERVISOR)


@pytest.fixture
def alpha(rita: User) -> Bank:
    system = User.objects.get(username="system")
    services.register_bank(code="ALFA", name="Alpha Bank", public_key=KEY.public_key, partitions=4, by=system, now=NOON)
    return Bank.objects.get()


def approved(api: Api, answer: Any, *, by: User) -> Any:
    """Let a second person agree to what was asked."""
    assert answer.status_code == 202, answer.content
    place = f"/api/v1/approvals/{answer.json()['approval_id']}/approve"
    return api.post(place, token=token_of(by), key=str(uuid4()))


class TestTheTable:
    def test_has_a_row_for_every_address_and_method_and_no_others(self) -> None:
        there = {(address, method) for address, pattern in ADDRESSES.items() for method in pattern.callback.view_class.needs}  # type: ignore[attr-defined]  # every view here is an Endpoint

        assert there == TABLE.keys()

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_is_what_happens(self, api: Api, rita: User, alpha: Bank, address: str) -> None:
        staff = {SUPERVISOR: rita} | {role: employ(role.lower(), role) for role in EVERYBODY - {SUPERVISOR}}
        tokens = {role: token_of(user) for role, user in staff.items()} | strangers(rita)
        with transaction.atomic():
            asked = services.ask(action=services.CLOSE, code="ALFA", facts={}, by=employ("asker", SUPERVISOR), reason="?", now=NOON)
        enlist("erp", API_CLIENT)
        there = {"<str:code>": "ALFA", "<str:key_id>": KEY.key_id, "<uuid:approval_id>": str(asked), "<str:username>": "erp"}
        place = reduce(lambda text, name: text.replace(name, there[name]), there, address)
        is_open = any(row.is_open for (other, _), row in TABLE.items() if other == address)

        for method in METHODS:
            row = TABLE.get((address, method))
            path = f"/api/v1/{place}" + ("?dry_run=true" if row and row.rehearsed else "")
            for who in [*EVERYBODY, *STRANGERS]:
                body = None if method == "GET" else dict(row.body) if row else {}
                answer = api.ask(method, path, body, token=tokens[who], key=str(uuid4()))

                wanted = 405 if is_open and row is None else expected(row, who)
                assert answer.status_code == wanted, f"{who}, {method}: {answer.status_code}, not {wanted}: {answer.content!r}"


class TestTheRegister:
    def test_takes_in_a_bank_when_two_persons_say_so(self, api: Api, rita: User, otto: User) -> None:
        asked = api.post("/api/v1/banks", NEW_BANK, token=token_of(rita), key="k-1")
        before = Bank.objects.count()

        approved(api, asked, by=otto)

        assert before == 0
        shown = api.get("/api/v1/banks/GAMA", token=token_of(rita)).json()
        assert (shown["status"], [key["key_id"] for key in shown["keys"]]) == ("active", [SPARE.key_id])

    def test_asks_once_for_a_key_of_the_client(self, api: Api, rita: User) -> None:
        first, again = (api.post("/api/v1/banks", NEW_BANK, token=token_of(rita), key="k-1") for _ in range(2))

        assert first.json() == again.json()

    @pytest.mark.usefixtures("alpha")
    def test_suspends_at_once_and_closes_by_two_persons(self, api: Api, rita: User, otto: User) -> None:
        suspended = api.post("/api/v1/banks/ALFA/suspend", WHY, token=token_of(rita), key="k-1")
        closed = api.post("/api/v1/banks/ALFA/close", WHY, token=token_of(rita), key="k-2")

        approved(api, closed, by=otto)

        assert suspended.json()["status"] == "suspended"
        assert Bank.objects.get().status == "closed"
        assert Peer.objects.get().status == "closed"

    @pytest.mark.usefixtures("alpha")
    def test_says_why_not(self, api: Api, rita: User) -> None:
        token = token_of(rita)

        answers = [
            api.post("/api/v1/banks/NONE/suspend", WHY, token=token, key="k-1"),
            api.post("/api/v1/banks/ALFA/suspend", {}, token=token, key="k-2"),
            api.post("/api/v1/banks/ALFA/approve", WHY, token=token, key="k-3"),
            api.post("/api/v1/banks", NEW_BANK | {"public_key": "beef"}, token=token, key="k-4"),
            api.post("/api/v1/banks/ALFA/debit-cap", WHY | {"currency": "EUR", "cap_minor": -1}, token=token, key="k-5"),
        ]

        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
            (404, "bank-not-registered"),
            (422, "reason-missing"),
            (409, "bank-status-wrong"),
            (400, "request-invalid"),
            (400, "request-invalid"),
        ]

    def test_is_searched_and_read_in_pages(self, api: Api, rita: User) -> None:
        system, token, names = User.objects.get(username="system"), token_of(rita), count()
        for code in ("ALFA", "ALMA", "BETA"):
            key = signing.generate().public_key
            services.register_bank(code=code, name=f"Bank {next(names)}", public_key=key, partitions=4, by=system, now=NOON)

        found = api.get("/api/v1/banks?search=al", token=token).json()["data"]
        named = api.get("/api/v1/banks?search=bank 2", token=token).json()["data"]
        page = api.get("/api/v1/banks?limit=2", token=token).json()
        rest = api.get(f"/api/v1/banks?limit=2&cursor={page['next']}", token=token).json()

        assert [bank["code"] for bank in found] == ["ALFA", "ALMA"]
        assert [bank["code"] for bank in named] == ["BETA"]
        assert [[bank["code"] for bank in part["data"]] for part in (page, rest)] == [["ALFA", "ALMA"], ["BETA"]]
        assert rest["next"] is None

    def test_ends_a_key(self, api: Api, rita: User, alpha: Bank) -> None:
        api.post(f"/api/v1/keys/{KEY.key_id}/revoke", WHY, token=token_of(rita), key="k-1")

        assert BankKey.objects.get(bank=alpha).revoked_at is not None


class TestTheFirstPage:
    @pytest.mark.usefixtures("alpha")
    def test_shows_the_banks_and_which_directory_tells_of_them(self, client: Client, rita: User) -> None:
        services.suspend_bank(code="ALFA", by=rita, reason="under review", now=NOON)
        client.force_login(rita, backend="access.backends.RoleBackend")

        text = client.get("/").content.decode()

        assert "Alpha Bank" in text
        assert '<span class="tag tag--suspended">Suspended</span>' in text
        assert f"Directory version {directory_version()}, of 2 Mar 2026" in text


class TestABankOutside:
    @pytest.fixture
    def site(self, api: Api) -> HeadBankSite:
        """Return the head bank's site as a bank reaches it."""

        def ask(request: httpx.Request) -> httpx.Response:
            answer = api.ask(request.method, request.url.path, request.read() or None)
            return httpx.Response(answer.status_code, content=answer.content, headers={"Content-Type": answer["Content-Type"]})

        return HeadBankSite(url="http://head.example", transport=httpx.MockTransport(ask))

    @pytest.fixture
    def gamma(self, tmp_path: Path) -> Site:
        signing.create_key_file(file=tmp_path / "gamma.pem")
        return replace(this_bank(), role="bank", code="GAMA", name="Gamma Bank", message_key_file=tmp_path / "gamma.pem")

    def apply(self, site: HeadBankSite, gamma: Site, one_time_code: str, folder: Path) -> None:
        with acting_as(gamma):
            file = folder / "application.json"
            call_command("apply_to_head_bank", one_time_code=one_time_code, contact="Gail", out=file)
        site.hand_in(documents.unpack(file.read_bytes()))

    def test_applies_with_its_one_time_code(self, site: HeadBankSite, rita: User, gamma: Site, tmp_path: Path) -> None:
        self.apply(site, gamma, services.invite_bank(code="GAMA", by=rita, now=timezone.now()), tmp_path)

        assert (Bank.objects.get().code, Bank.objects.get().status) == ("GAMA", "applied")

    def test_is_told_why_it_is_refused(self, site: HeadBankSite, gamma: Site, tmp_path: Path) -> None:
        with pytest.raises(HeadBankUnreachable, match="one-time code does not count"):
            self.apply(site, gamma, "guessed-guessed-guessed", tmp_path)

    def test_fetches_the_directory_and_goes_by_it(self, site: HeadBankSite, alpha: Bank) -> None:
        key = published()

        document = site.fetch_directory()

        Directory.objects.all().delete()  # from here on this database is a bank's
        with acting_as(replace(this_bank(), role="bank", code="BETA", head_bank_key=key.public_key)):
            assert directory.take(document=document, now=NOON).outcome is directory.Outcome.TAKEN

    def test_refuses_a_directory_that_was_altered_on_its_way(self, site: HeadBankSite, alpha: Bank) -> None:
        key = published()
        document = site.fetch_directory()

        altered = replace(document, value=document.value.replace(b"Alpha", b"Omega"))

        with acting_as(replace(this_bank(), role="bank", code="BETA", head_bank_key=key.public_key)), pytest.raises(DirectoryRefused):
            directory.take(document=altered, now=NOON)

    def test_is_not_sent_the_directory_it_has(self, api: Api, alpha: Bank) -> None:
        published()
        tag = api.get("/api/v1/directory")["ETag"]

        again = api.get("/api/v1/directory", **{"If-None-Match": tag})
        published()
        newer = api.get("/api/v1/directory", **{"If-None-Match": tag})

        assert (again.status_code, again.content) == (304, b"")
        assert (newer.status_code, newer["ETag"] != tag) == (200, True)

    def test_is_told_where_nobody_answers(self) -> None:
        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused")

        with pytest.raises(HeadBankUnreachable, match="does not answer"):
            HeadBankSite(url="http://head.example", transport=httpx.MockTransport(refuse)).fetch_directory()


class TestTheDescription:
    def test_is_of_the_head_banks_own_addresses(self, api: Api) -> None:
        text = api.get("/api/schema/").content.decode()

        assert all(f"/api/v1/{place.replace('<str:', '{').replace('>', '}')}" in text for place in ADDRESSES if "<uuid" not in place)
        assert "/api/v1/deposits" not in text


def published() -> signing.SigningKey:
    """Sign what the register announced with a new key of the head bank, and return it."""
    key = signing.generate()
    assert directory.signed(key=key) is not None
    return key
