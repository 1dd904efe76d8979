"""A head bank at work: banks in every standing, an invitation, a settlement that waits for its second person."""

from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts import numbers
from accounts.services import set_cover
from banksite.opening import open_bank
from banksite.seeding import seed_demo
from headbank import services
from headbank.models import Bank, BankKey, Window
from headbank.services.collect import last_settled
from messaging import signing
from messaging.broker import Record
from messaging.envelope import Received
from messaging.events import Position, PositionsReported
from tests.desk.bank import bury, user

SITE: dict[str, Any] = {"role": "headbank", "code": "HEAD", "name": "Head Bank", "country": "NL", "currencies": ("EUR", "USD")}
URLS = "banksite.urls_headbank"
OWED = 4_000  # what BNKA owes BNKB, in cents


def furnish() -> None:
    """Open the head bank with its sample staff, and something of everything that its desk shows."""
    now = timezone.now()
    open_bank(now=now)
    seed_demo(now=now)
    for code, name in (("BNKA", "Bank A"), ("BNKB", "Bank B"), ("BNKS", "Bank S")):
        key = signing.generate().public_key
        services.register_bank(code=code, name=name, public_key=key, partitions=4, by=user("system"), now=now)
    services.suspend_bank(code="BNKS", by=user("supervisor"), reason="its keys are being looked at", now=now)
    apply("BNKN")
    bury()
    settle()


def apply(code: str) -> None:
    """Let a bank be an applicant, as if it had handed in what it says under its own key."""
    now, key = timezone.now(), signing.generate()
    services.invite_bank(code=code, by=user("supervisor"), now=now)
    Bank.objects.create(
        code=code,
        name=f"Bank {code[-1]}",
        contact="Noor, +31 20 555 0100",
        topic=f"external-transfers.{code}",
        partitions=4,
        status="applied",
        registered_at=now,
    )
    BankKey.objects.create(key_id=key.key_id, bank_id=code, public_key=key.public_key, announced_at=now)


def settle() -> UUID:
    """Close a window and let the banks agree that BNKA owes BNKB, which has cover; the nets wait for a second person."""
    now = timezone.now()
    set_cover(number=numbers.settlement_of("BNKA", "EUR"), cover_minor=10_000, now=now)
    window = services.close_window(by=user("supervisor"), now=now)
    after = next(iter(last_settled().values()), None)
    said = {"BNKA": [("BNKB", OWED)], "BNKB": [("BNKA", -OWED)], "BNKS": []}
    for source, positions in said.items():
        told = tuple(Position(peer=peer, currency="EUR", amount_minor=amount, after=after) for peer, amount in positions)
        with transaction.atomic():
            services.receive_positions(received=[_from(source, PositionsReported(window=window, reported_at=now, positions=told))], now=now)
    assert Window.objects.get(id=window).status == "proposed"
    return window


def work(rounds: int) -> None:
    """Let so many more banks apply and be known, each with a key more and a message that cannot count."""
    for _ in range(rounds):
        code = f"BN{chr(65 + Bank.objects.count())}X"
        apply(code)
        bury(uuid4().bytes)


def _from(source: str, data: PositionsReported) -> Received[PositionsReported]:
    record = Record(topic="external-transfers.HEAD", partition=0, offset=0, value=b"{}")
    return Received(id=uuid7(), source=source, destination="HEAD", type="x.y.v1", time=data.reported_at, data=data, record=record)
