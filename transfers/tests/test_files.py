"""Payments files that tellers upload: seen line by line while nothing moves, confirmed once, booked once whatever a browser does."""

import csv
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from access.models import User
from access.site import acting_as
from access.tests.people import at_once, employ
from transfers import errors, payments_file, services
from transfers.models import PaymentsFile, PaymentsFileLine, Transfer
from transfers.services import files
from transfers.tests.people import ANNA, BRAM, MISPRINT, NOON, ZOE, balance, teller, with_limits

HEADER = ",".join(payments_file.COLUMNS)


def line(end_to_end_id: str, creditor: str = BRAM, amount: str = "1.00") -> str:
    return f"{end_to_end_id},{ANNA},{creditor},Zoë,{amount},EUR,"


def content(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines]).encode()


def checked(*lines: str) -> UUID:
    return services.check_file(name="wages.csv", content=content(*lines), by=teller(), now=NOON)


def confirm(file_id: UUID) -> None:
    services.confirm_file(file_id=file_id, by=teller(), now=NOON)


def booked(file_id: UUID) -> list[str]:
    """Book the file to its end and return what became of its lines."""
    while services.book_portion(file_id=file_id, now=NOON):
        pass
    return list(PaymentsFileLine.objects.filter(file=file_id).order_by("place").values_list("outcome", flat=True))


def foreseen(file_id: UUID) -> list[tuple[str, str]]:
    return list(PaymentsFileLine.objects.filter(file=file_id).order_by("place").values_list("foreseen", "foreseen_code"))


class TestLookingThrough:
    def test_says_of_every_line_what_would_become_of_it_and_moves_nothing(self) -> None:
        with acting_as(with_limits(EUR=5_000)):
            file_id = checked(
                line("1"), line("2", ZOE), line("3", BRAM, "60.00"), line("4", BRAM, "90.00"), line("5", MISPRINT), line("1"), "6,broken"
            )

        assert foreseen(file_id) == [
            ("completed", ""),
            ("pending", ""),
            ("awaiting-approval", ""),
            ("refused", "insufficient-funds"),  # the three before it are judged to have left
            ("refused", "iban-invalid"),
            ("repeated", ""),
            ("refused", "line-malformed"),
        ]
        assert balance(ANNA) == 10_000
        assert not Transfer.objects.exclude(kind="deposit").exists()

    def test_leaves_no_key_behind(self) -> None:
        first, second = checked(line("1")), checked(line("1"))

        assert foreseen(first) == foreseen(second) == [("completed", "")]

    @pytest.mark.parametrize(
        ("given", "refusal"),
        [
            (content(), errors.FileEmpty),
            (content("1", header="a"), errors.FileUnusable),
            (b"\xff\xfe\x00", errors.FileUnusable),
            (content(*[line(str(number)) for number in range(4)]), errors.FileTooLong),
            (b" " * 2_001, errors.FileTooLong),
        ],
    )
    def test_refuses_what_is_no_file_of_payments(self, given: bytes, refusal: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "MOST_LINES", 3)
        monkeypatch.setattr(files, "MOST_BYTES", 2_000)

        with pytest.raises(refusal):
            services.check_file(name="wages.csv", content=given, by=teller(), now=NOON)

        assert not PaymentsFile.objects.exists()


@pytest.mark.money
class TestBooking:
    def test_moves_nothing_before_it_is_confirmed(self) -> None:
        assert booked(checked(line("1"))) == [""]

        assert balance(BRAM) == 0

    def test_is_done_portion_by_portion_and_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "PORTION", 2)
        file_id = checked(*[line(str(number)) for number in range(5)])
        confirm(file_id)

        assert services.book_portion(file_id=file_id, now=NOON) == 2
        confirm(file_id)
        assert booked(file_id) == ["completed"] * 5
        assert booked(file_id) == ["completed"] * 5

        assert balance(BRAM) == 500
        assert PaymentsFile.objects.get().finished_at == NOON

    def test_knows_what_was_booked_from_another_file(self) -> None:
        first, second = checked(line("1"), line("2")), checked(line("2"), line("3"))
        confirm(first)
        confirm(second)

        assert booked(first) + booked(second) == ["completed", "completed", "repeated", "completed"]

        assert balance(BRAM) == 300

    def test_refuses_what_no_longer_fits_and_keeps_why(self) -> None:
        file_id = checked(line("1", BRAM, "100.00"))
        confirm(file_id)
        confirm(other := checked(line("2", BRAM, "50.00")))
        booked(other)

        assert booked(file_id) == ["refused"]

        assert PaymentsFileLine.objects.get(file=file_id).facts["available_minor"] == 5_000

    def test_lets_large_payments_wait_for_a_second_person(self) -> None:
        with acting_as(with_limits(EUR=5_000)):
            file_id = checked(line("1", BRAM, "60.00"))
            confirm(file_id)

            assert booked(file_id) == ["awaiting-approval"]

        assert balance(BRAM) == 0

    @pytest.mark.django_db(transaction=True)
    def test_goes_on_in_whoever_s_hands_at_once_without_booking_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "PORTION", 3)
        file_id = checked(*[line(str(number)) for number in range(12)])
        confirm(file_id)

        at_once([lambda: services.book_portion(file_id=file_id, now=NOON) for _ in range(4)])

        assert booked(file_id) == ["completed"] * 12
        assert balance(BRAM) == 1_200

    def test_is_finished_by_the_bank_when_everybody_left(self) -> None:
        file_id, left = checked(line("1"), line("2")), checked(line("3"))
        confirm(file_id)

        assert services.finish_files(now=NOON, limit=1_000) == 2

        assert (booked(file_id), booked(left)) == (["completed"] * 2, [""])

    def test_is_not_done_for_who_may_pay_no_more(self) -> None:
        file_id = checked(line("1"))
        confirm(file_id)
        teller().user_permissions.clear()

        assert services.finish_files(now=NOON, limit=1_000) == 0

        assert balance(BRAM) == 0

    def test_is_confirmed_by_who_saw_the_lines(self) -> None:
        file_id = checked(line("1"))

        with pytest.raises(errors.NotYourFile):
            services.confirm_file(file_id=file_id, by=employ("deputy", "transfers.pay"), now=NOON)

    def test_is_forgotten_unless_it_is_confirmed_within_a_day(self) -> None:
        kept, forgotten = checked(line("1")), checked(line("2"))
        confirm(kept)

        assert services.forget_files(now=NOON + timedelta(days=2), limit=10) == 1

        with pytest.raises(errors.PaymentsFileUnknown):
            confirm(forgotten)
        assert booked(kept) == ["completed"]


def clerk() -> User:
    return User.objects.filter(username="clerk").first() or employ(
        "clerk", "transfers.pay", "transfers.view_transfer", "accounts.view_customer"
    )


def desk(user: User | None = None) -> Client:
    client = Client()
    client.force_login(user or clerk(), backend="access.backends.RoleBackend")
    return client


def upload(client: Client, *lines: str, key: str = "k1") -> Any:
    file = SimpleUploadedFile("wages.csv", content(*lines), content_type="text/csv")
    return client.post("/payment-files/new", {"key": key, "file": file})


class TestThePages:
    def test_show_every_line_then_pay_once_however_often_it_is_confirmed(self) -> None:
        client = desk()
        address = upload(client, line("1"), line("2", BRAM, "500.00"))["Location"]

        page = client.get(address)
        shown = page.content.decode()
        assert "The account does not hold enough." in shown
        assert "Pay 1 line" in shown
        assert balance(BRAM) == 0
        for _ in range(2):
            assert client.post(address, {"key": page.context["key"]})["Location"] == address
        client.post(address, {"key": "another tab"})

        assert balance(BRAM) == 100
        assert "Finished" in client.get(address).content.decode()

    def test_give_the_outcomes_that_import_payments_writes(self) -> None:
        client = desk()
        address = upload(client, line("=1+1"), line("2", MISPRINT), "3,broken")["Location"]
        client.post(address, {"key": "k2"})

        rows = list(csv.DictReader(client.get(f"{address}/outcomes.csv").content.decode().splitlines()))

        assert list(rows[0]) == list(payments_file.OUTCOME_COLUMNS)
        assert [(row["line"], row["end_to_end_id"], row["outcome"], row["code"]) for row in rows] == [
            ("2", "'=1+1", "completed", ""),
            ("3", "2", "refused", "iban-invalid"),
            ("4", "3", "refused", "line-malformed"),
        ]
        assert rows[0]["transfer_id"] == str(Transfer.objects.get(kind="internal").id)

    def test_look_through_a_file_once_that_is_sent_twice(self) -> None:
        client = desk()

        assert upload(client, line("1"))["Location"] == upload(client, line("1"))["Location"]
        assert "sent before with other content" in upload(client, line("2")).content.decode()
        assert PaymentsFile.objects.count() == 1

    def test_show_progress_while_it_is_under_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "PORTION", 1)
        monkeypatch.setattr("transfers.views.files._PATIENCE", timedelta())
        client = desk()
        address = upload(client, line("1"), line("2"), line("3"))["Location"]
        client.post(address, {"key": "k2"})
        assert "1 of 3 lines are booked." in client.get(address).content.decode()

        live = client.post(f"{address}/go-on", headers={"HX-Request": "true"})
        assert ("2 of 3 lines are booked." in live.content.decode(), "HX-Refresh" in live) == (True, False)
        assert client.post(f"{address}/go-on")["Location"] == address

        assert balance(BRAM) == 300
        assert client.post(f"{address}/go-on", headers={"HX-Request": "true"})["HX-Refresh"] == "true"

    def test_refuse_a_file_beside_the_field(self) -> None:
        page = upload(desk())

        assert page.context["form"].errors == {
            "file": ["There is no payment in this file. Put at least one line below the first of wages.csv."]
        }

    def test_let_colleagues_look_but_not_confirm(self) -> None:
        address = upload(desk(), line("1"))["Location"]
        colleague = User.objects.create_user(username="cor", is_staff=True)
        colleague.user_permissions.set(Permission.objects.filter(codename__in=["pay", "view_transfer"]))
        client = desk(colleague)

        assert "Pay 1 line" not in client.get(address).content.decode()
        assert "Somebody else uploaded this file." in client.post(address, {"key": "k2"}).content.decode()
        assert balance(BRAM) == 0

    def test_ask_as_much_of_many_lines_as_of_few(self) -> None:
        def queries(address: str) -> int:
            client.get(address)
            with CaptureQueriesContext(connection) as seen:
                assert client.get(address).status_code == 200
            return len(seen)

        client = desk()
        few = upload(client, line("1"))["Location"]
        many = upload(client, *[line(str(number)) for number in range(150)], key="k2")["Location"]

        assert queries(few) == queries(many)
