"""What others have to do with the bank under test: a program with a webhook and a mandate, a bank that sees things otherwise."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

import access.services
import webhooks.services
from access.models import ApiClient, User
from accounts.models import Customer
from accounts.services import grant_mandate
from transfers.models import Break, Reconciliation, SettlementPosition

PROGRAM = "erp"


def furnish(number: str) -> None:
    """Let a program in; have Bank B disagree about a transfer to the account."""
    by, now = User.objects.get(username="admin"), timezone.now()
    access.services.enlist_client(
        username=PROGRAM, name="ERP of Jansen", scopes=None, whole_bank=False, requests_per_minute=None, by=by, now=now
    )
    program = ApiClient.objects.get(user__username=PROGRAM).user
    grant_mandate(user=program, customer_id=Customer.objects.order_by("-pk")[0].pk, by=by, now=now)
    hook = webhooks.services.register_endpoint(
        url="https://erp.example/hook", events=[], after=None, addresses=["93.184.216.34"], by=program, now=now
    )
    webhooks.services.send_test(endpoint_id=hook.id, by=program, now=now)
    _double(number)
    SettlementPosition.objects.create(window=uuid4(), cut_off_at=now, peer="BNKB", currency="EUR", amount_minor=1_250, reported_at=now)


def _double(number: str) -> Break:
    """Find a difference: by the word of both, this bank credited a payment of Bank B twice."""
    now, id_ = timezone.now(), str(uuid4())
    run = Reconciliation.objects.create(
        peer="BNKB",
        origin_bank="BNKB",
        currency="EUR",
        day=now.date(),
        until_at=now,
        asked_at=now,
        ended_at=now,
        verdict="broken",
        our_count=2,
        our_credited_minor=1_400,
        their_count=1,
        their_credited_minor=700,
    )
    said = {"amount_minor": 700, "creditor_iban": number, "decided_at": now.isoformat()}
    return Break.objects.create(
        reconciliation=run,
        origin_bank="BNKB",
        origin_id=id_,
        destination_bank="BNKA",
        kind="double",
        currency="EUR",
        at_origin={"id": id_, "outcome": "unknown"},
        at_destination={"id": id_, "outcome": "credited", **said},
        decided_at=now - timedelta(minutes=5),
        found_at=now,
    )
