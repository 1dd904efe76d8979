"""Three banks settle ten thousand payments and compare their day, over real processes and a real broker: after all that needs but two."""

from collections.abc import Iterator
from datetime import date
from io import StringIO
from itertools import permutations
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db.models import F, Sum
from django.utils import timezone

from access import triggers
from access.models import User
from accounts import numbers
from accounts.books import Difference
from accounts.models import Account
from accounts.money import Money
from banksite.demo.banks import PARTITIONS, DemoBank
from headbank import services, settlements
from headbank.models import Window
from messaging.models import Message, Peer
from tests.system.bank import CONSUMER, RELAY, Bank, until
from tests.system.servers import FragilePostgres
from tests.system.town import Town, checking_accounts, is_at_rest, pay
from transfers import books, reconciliations
from transfers.models import Transfer, TransferEvent
from transfers.orders import Payment
from transfers.services import reconcile

pytestmark = pytest.mark.kafka
EUR = "EUR"
BATCH = 1_000
ROUTES = {"BNKA BNKB": 3, "BNKA BNKD": 2, "BNKB BNKA": 1, "BNKB BNKD": 2, "BNKD BNKA": 1, "BNKD BNKB": 1}  # batches
Debts = dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def dora(open_town: Town, folder: Path, postgres: FragilePostgres) -> Iterator[Bank]:
    """Open a third bank, known to the others and at work; it is suspended when it leaves."""
    open_town.go_to_work()
    demo_bank = DemoBank(code="BNKD", name="Bank D", role="bank", port=0, folder=folder / "bnkd")
    demo_bank.folder.mkdir()
    postgres.copy("empty", to="bnkd")
    bank = Bank(bank=demo_bank, head=open_town.head.bank, database_url=postgres.create_database("bnkd"), broker=open_town.anna.broker)
    with bank.inside():
        call_command("open_bank", stderr=StringIO())
        call_command("seed_demo", stdout=StringIO(), stderr=StringIO())
    with open_town.head.inside():
        named = {"code": "BNKD", "name": "Bank D", "key": demo_bank.public_key, "partitions": PARTITIONS}
        call_command("register_bank", **named, stderr=StringIO())
    bank.begin(RELAY)
    bank.begin(CONSUMER)
    until(lambda: all(knows(other, "BNKD") for other in (*open_town.banks, bank)), what="everybody knows the third bank")
    yield bank
    with open_town.head.inside():
        services.suspend_bank(code="BNKD", by=person("supervisor"), reason="this was a visit", now=timezone.now())
    bank.end_all()


class TestTenThousandPayments:
    def test_are_settled_to_zero_and_every_clearing_balance_ends_where_the_report_says(self, town: Town, dora: Bank) -> None:
        banks = {bank.code: bank for bank in (*town.banks, dora)}
        before = owed(banks)
        for route, batches in ROUTES.items():
            origin, destination = (banks[code] for code in route.split())
            for batch in range(batches):
                pay(origin, payments(origin, destination, batch=batch))
        for bank in banks.values():
            until(lambda bank=bank: is_at_rest(bank), what=f"every transfer of {bank.code} ends")  # type: ignore[misc]
        due = owed(banks)

        report = settle(town.head)

        agreed = {(pair.one, pair.other): pair.amount_minor for pair in report.pairs if pair.flaw == "" and pair.currency == EUR}
        nets = {net.bank: net.net_minor for net in report.nets if net.currency == EUR}
        assert sum(len_of(batches) for batches in ROUTES.values()) == 10_000
        assert due != before
        assert agreed == {pair: minor for pair, minor in due.items() if pair[0] < pair[1]}
        assert nets == {code: -sum(minor for pair, minor in due.items() if pair[0] == code) for code in banks}
        assert report.sums == {EUR: 0}
        assert set(owed(banks).values()) == {0}
        assert {code: settled(bank, numbers.settlement(EUR)) for code, bank in banks.items()} == {code: -net for code, net in nets.items()}
        assert {code: settled(town.head, numbers.settlement_of(code, EUR)) for code in banks} == nets
        assert [wrong(bank) for bank in (town.head, *banks.values())] == [[]] * 4


class TestTheirDay:
    def test_compared_names_the_one_that_is_missing_the_one_that_was_doubled_and_the_one_that_was_altered(
        self, town: Town, dora: Bank
    ) -> None:
        paid = pay(town.anna, payments(town.anna, dora, batch=7)[:300])
        until(lambda: is_at_rest(town.anna) and is_at_rest(dora), what="every transfer ends")
        missing, doubled, altered = paid[-3:]  # decided together, so on one day, whatever the clock says
        day = decided_on(dora, missing)
        with dora.inside(), triggers.lifted():
            forgotten = Transfer.objects.get(origin_id=missing)
            TransferEvent.objects.filter(transfer=forgotten).delete()
            forgotten.delete()
            again = Transfer.objects.get(origin_id=doubled)
            again.id, again.origin_id = uuid4(), uuid4()
            again.save(force_insert=True)
            Transfer.objects.filter(origin_id=altered).update(amount_minor=F("amount_minor") + 1)

        seen = compare(town.anna, "BNKD", day=day)

        assert sorted(seen) == sorted([("missing", UUID(missing)), ("double", again.origin_id), ("amount", UUID(altered))])


def payments(origin: Bank, destination: Bank, *, batch: int) -> list[Payment]:
    """Return a thousand small payments from and to all accounts, each another than those of other batches."""
    payers, payees = checking_accounts(origin)[:-1], checking_accounts(destination)
    return [
        Payment(
            debtor=payers[place % len(payers)].number,
            creditor=payees[place % len(payees)].number,
            creditor_name="Somebody",
            amount=Money(1 + place % 7, EUR),
            reference=f"{batch}.{place}",
        )
        for place in range(BATCH)
    ]


def len_of(batches: int) -> int:
    return batches * BATCH


def settle(head: Bank) -> settlements.Report:
    """Let two persons at the head bank settle; banks that have left are not waited for. Return the report once all have booked it."""
    with head.inside():
        for code in ("BNKA", "BNKB", "BNKD"):
            facts = {"currency": EUR, "cover_minor": 10**9}
            asked = services.ask(
                action=services.SET_COVER, code=code, facts=facts, by=person("supervisor"), reason="yes", now=timezone.now()
            )
            services.approve_request(approval_id=asked, by=person("deputy"), now=timezone.now())
        window = services.close_window(by=person("supervisor"), now=timezone.now())
    until(lambda: reported(head, window) >= {"BNKA", "BNKB", "BNKD"}, what="all three say what they owe")
    with head.inside():
        services.settle_due(now=Window.objects.get(id=window).deadline_at, limit=1)
        approval = settlements.approval_of(window=window)
        services.approve_settlement(approval_id=approval, by=person("deputy"), reason="seen", now=timezone.now())
    until(lambda: all_booked(head, window), what="all three have booked it")
    with head.inside():
        return settlements.report(window=window)


def reported(head: Bank, window: UUID) -> set[str]:
    with head.inside():
        return set(Window.objects.get(id=window).reports.filter(reported_at__isnull=False).values_list("bank", flat=True))


def all_booked(head: Bank, window: UUID) -> bool:
    with head.inside():
        return not Window.objects.get(id=window).notices.filter(confirmed_at__isnull=True).exists()


def decided_on(bank: Bank, transfer_id: str) -> date:
    with bank.inside():
        decided_at = Transfer.objects.values_list("decided_at", flat=True).get(origin_id=transfer_id)
    assert decided_at is not None
    return decided_at.date()


def compare(bank: Bank, peer: str, *, day: date) -> list[tuple[str, UUID]]:
    """Compare a day with the others as if a minute had passed, over the running processes; return what differs with one of them."""
    now = timezone.now()
    with bank.inside():
        reconcile.reconcile_day(day=day, now=now + reconcile.SETTLED_AFTER)
        Message.objects.filter(finished_at__isnull=True).update(next_at=now)
    until(lambda: peer not in {row.peer for row in rows_of(bank, day) if row.verdict == "asked"}, what="the comparison ends")
    with bank.inside():
        rows = [row.id for row in reconciliations.latest(day=day) if row.peer == peer]
        return [(row.kind, row.transfer) for row in reconciliations.breaks(comparisons=rows)]


def rows_of(bank: Bank, day: date) -> list[reconciliations.DayRow]:
    with bank.inside():
        return reconciliations.latest(day=day)


def owed(banks: dict[str, Bank]) -> Debts:
    """Return what each bank owes each other by its clearing account."""
    found = {}
    for one, other in permutations(banks, 2):
        with banks[one].inside():
            stripes = Account.objects.filter(number=numbers.clearing(other, EUR)).aggregate(
                sum=Sum(F("stripes__credits_minor") - F("stripes__debits_minor"))
            )
        found[one, other] = stripes["sum"] or 0
    return found


def settled(bank: Bank, number: str) -> int:
    with bank.inside():
        return Account.objects.values_list("balance_minor", flat=True).get(number=number)


def wrong(bank: Bank) -> list[Difference]:
    with bank.inside():
        return list(books.differences(progress=lambda _: None))


def knows(bank: Bank, code: str) -> bool:
    with bank.inside():
        return Peer.objects.filter(code=code, status="active").exists()


def person(username: str) -> User:
    return User.objects.get(username=username)
