"""The admin's lists of transfers."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from access.tests.people import employ
from transfers.models import Transfer
from transfers.tests.people import ANNA, paid


@pytest.fixture
def auditor() -> Client:
    """Return a browser somebody is signed in with who may see everything about transfers."""
    user = employ("auditor")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="transfers", codename__startswith="view_"))
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)
    return client


class TestLists:
    @pytest.mark.parametrize("model", ["transfer", "transferevent"])
    def test_show_and_find(self, auditor: Client, model: str) -> None:
        transfer = paid()

        shown = auditor.get(f"/admin/transfers/{model}/", {"q": str(transfer.id)})

        assert shown.status_code == 200
        assert "outgoing" in shown.content.decode() or "pending" in shown.content.decode()

    def test_change_nothing(self, auditor: Client) -> None:
        transfer = paid()

        page = auditor.get(f"/admin/transfers/transfer/{transfer.id}/change/")
        posted = auditor.post(f"/admin/transfers/transfer/{transfer.id}/change/", {"amount_minor": 1})
        deleted = auditor.post(f"/admin/transfers/transfer/{transfer.id}/delete/", {"post": "yes"})

        assert (page.status_code, posted.status_code, deleted.status_code) == (200, 403, 403)
        assert ANNA in page.content.decode()
        assert Transfer.objects.get(id=transfer.id).amount_minor == transfer.amount_minor
