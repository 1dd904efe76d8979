"""The pages of settlement: for those who may see them, and right to the cent."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from django.test import Client

from access.models import User
from access.site import Site, acting_as
from access.tests.people import NOON, employ
from headbank import settlements
from headbank.documents import report_data
from headbank.models import Bank, Window, WindowNet, WindowPair, WindowReport

pytestmark = pytest.mark.urls("banksite.urls_headbank")
SITE = Site(role="headbank", code="HEAD", name="Head Bank", country="NL", currencies=("EUR",))


@pytest.fixture(autouse=True)
def head_bank(db: None) -> Iterator[None]:
    with acting_as(SITE):
        yield


@pytest.fixture
def window() -> UUID:
    """Return a window in which A pays B 40 euros, and C did not report."""
    for code in ("BNKA", "BNKB", "BNKC"):
        Bank.objects.create(code=code, name=code, topic=code, partitions=1, status="active", registered_at=NOON)
    made = Window.objects.create(
        status="booked", cut_off_at=NOON, deadline_at=NOON, asked_by=employ("hanna"), proposed_at=NOON, ended_at=NOON
    )
    WindowReport.objects.create(window=made, bank_id="BNKC", message=uuid4())
    WindowPair.objects.create(window=made, one_id="BNKA", other_id="BNKB", currency="EUR", amount_minor=4_000)
    WindowPair.objects.create(window=made, one_id="BNKA", other_id="BNKC", currency="EUR", flaw="BNKC did not report")
    for bank, net in (("BNKA", -4_000), ("BNKB", 4_000)):
        WindowNet.objects.create(window=made, bank_id=bank, currency="EUR", net_minor=net)
    return made.id


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="access.backends.RoleBackend")
    return client


@pytest.fixture
def auditor() -> Client:
    user = employ("aud", "headbank.view_window")
    User.objects.filter(pk=user.pk).update(is_staff=True)
    return client_of(user)


class TestTheReport:
    def test_shows_nets_pairs_and_who_was_left_out(self, auditor: Client, window: UUID) -> None:
        page = auditor.get(f"/settlements/{window}").content.decode()

        assert page.count("40.00") == 3
        assert "BNKC did not report" in page
        assert "Not reported: BNKC" in page

    def test_is_listed(self, auditor: Client, window: UUID) -> None:
        assert f"/settlements/{window}" in auditor.get("/settlements").content.decode()

    def test_is_a_file(self, auditor: Client, window: UUID) -> None:
        answer = auditor.get(f"/settlements/{window}.csv")

        assert answer["Content-Disposition"] == f'attachment; filename="settlement-{window}.csv"'
        assert answer.content.decode().splitlines()[1] == "net,EUR,BNKA,,-40.00,"

    def test_is_a_document_to_print(self, auditor: Client, window: UUID) -> None:
        answer = auditor.get(f"/settlements/{window}.pdf")

        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        assert b"pdfuaid" in answer.content
        told = report_data(report=settlements.report(window=window), site=SITE, now=NOON)
        assert [(net["bank"], net["amount"]) for net in told["nets"]] == [("BNKA", "-40.00"), ("BNKB", "40.00")]
        assert told["sums"] == ["0.00 EUR"]

    @pytest.mark.parametrize("address", ["/settlements", "/settlements/{}", "/settlements/{}.csv", "/settlements/{}.pdf"])
    def test_is_not_for_everybody(self, window: UUID, address: str) -> None:
        user = employ("tess")
        User.objects.filter(pk=user.pk).update(is_staff=True)

        assert client_of(user).get(address.format(window)).status_code == 403

    def test_of_no_window_is_not_found(self, auditor: Client) -> None:
        assert auditor.get(f"/settlements/{uuid4()}").status_code == 404
