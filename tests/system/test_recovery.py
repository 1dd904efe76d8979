"""A bank whose database was restored from an old copy (protocol rule 9)."""

import json
from collections.abc import Collection

import pytest
from django.db.models import Sum

from accounts.money import Money
from banksite.machine.kafka import KafkaServer
from messaging.kafka import KafkaBroker
from messaging.models import Message, Recovery, StoredOffset
from tests.system.bank import CONSUMER, RELAY, Bank, until
from tests.system.servers import FragilePostgres
from tests.system.town import Town, checking_accounts, pay, status_of
from transfers.models import Transfer
from transfers.orders import Payment

pytestmark = pytest.mark.kafka


class TestABankWhoseDatabaseWentBack:
    def test_stands_still_until_two_persons_say_go_and_is_made_whole_from_the_other_banks_list(
        self, town: Town, kafka: KafkaServer, postgres: FragilePostgres
    ) -> None:
        bank = town.bert
        lost = forget_what_follows(bank, town=town, kafka=kafka, postgres=postgres)
        town.go_to_work()
        until(lambda: in_recovery(bank), what="the bank sees that it went back")
        (incoming,), (outgoing,) = pay(town.anna, [payment(town.anna, town.bert)]), pay(bank, [payment(town.bert, town.anna)])
        until(lambda: attempts(town.anna, incoming) >= 3, what="the other bank asks again and again")

        state = bank.run("status", "--json")
        untouched = (knows(bank, incoming), attempts(bank, outgoing))
        early = bank.run("end_recovery", "--as", "supervisor", "--reason", "I am in a hurry")
        gathered = json.loads(next(line for line in bank.must_run("gather_lists").splitlines() if line.startswith("{")))
        asked = bank.run("end_recovery", "--as", "supervisor", "--reason", "compared with Bank A")
        alone = bank.run("end_recovery", "--as", "supervisor", "--reason", "compared with Bank A")
        granted = bank.run("end_recovery", "--as", "deputy", "--reason", "seen the comparison")
        town.come_to_rest()
        found = sums(bank, but={incoming, outgoing})

        assert state.code == 3
        assert (early.code, "lists are not complete" in early.said) == (1, True)
        assert gathered == {"missing": [], "lessons": gathered["lessons"], "unclear": []}
        assert (gathered["lessons"]["credit"], gathered["lessons"]["book"]) == (12, 6)
        assert found == lost, "what the bank sent and received before is what it sent and received"
        assert "recovery" in red_signs(state.said)
        assert untouched == (False, 0)
        assert (asked.code, alone.code, granted.code) == (0, 1, 0)
        assert [status_of(town.anna, incoming), status_of(bank, outgoing)] == ["completed", "completed"]
        assert town.differences() == []


def forget_what_follows(bank: Bank, *, town: Town, kafka: KafkaServer, postgres: FragilePostgres) -> dict[str, int]:
    """Copy the bank's database, let payments arrive and leave and be answered, and put the copy back; return the sums that were moved."""
    rest(bank)
    postgres.copy(bank.database, to="old_copy")
    town.go_to_work()
    arrived = pay(town.anna, [payment(town.anna, bank, place=place) for place in range(12)])
    left = pay(bank, [payment(bank, town.anna, place=place) for place in range(6)])
    town.come_to_rest()
    assert [status_of(town.anna, transfer) for transfer in arrived] == ["completed"] * 12
    assert [status_of(bank, transfer) for transfer in left] == ["completed"] * 6
    until(lambda: is_told(bank, kafka), what="the broker knows how far the bank read")
    moved = sums(bank)
    rest(bank)
    postgres.put_back("old_copy", over=bank.database)
    return moved


def sums(bank: Bank, *, but: Collection[str] = ()) -> dict[str, int]:
    """Return how much the bank's transfers with others moved, by what became of them."""
    with bank.inside():
        ended = Transfer.objects.filter(status__in=("completed", "credited"), kind__in=("incoming", "outgoing")).exclude(origin_id__in=but)
        return dict(ended.values_list("status").annotate(sum=Sum("amount_minor")))


def rest(bank: Bank) -> None:
    """Stop what works on the bank's database."""
    bank.stop(RELAY)
    bank.stop(CONSUMER)


def payment(origin: Bank, destination: Bank, *, place: int = 0) -> Payment:
    payers, payees = checking_accounts(origin), checking_accounts(destination)
    return Payment(
        debtor=payers[place % len(payers)].number,
        creditor=payees[place % len(payees)].number,
        creditor_name="Somebody",
        amount=Money(1_000 + place, "EUR"),
    )


def is_told(bank: Bank, kafka: KafkaServer) -> bool:
    """Return whether the broker believes what the database says."""
    broker = KafkaBroker(connection={"bootstrap.servers": kafka.bootstrap_servers}, transactions=False, embedded=False)
    with bank.inside():
        stored = dict(StoredOffset.objects.filter(topic=bank.letter_box).values_list("partition", "next_offset"))
    committed = broker.committed(topic=bank.letter_box, group=bank.letter_box, partitions=stored)
    return all(committed.get(partition, 0) == offset for partition, offset in stored.items())


def in_recovery(bank: Bank) -> bool:
    with bank.inside():
        return Recovery.objects.filter(ended_at__isnull=True).exists()


def knows(bank: Bank, origin_id: str) -> bool:
    with bank.inside():
        return Transfer.objects.filter(kind="incoming", origin_id=origin_id).exists()


def attempts(bank: Bank, transfer_id: str) -> int:
    """Return how often the message that asks for a transfer was published."""
    with bank.inside():
        message = Transfer.objects.values_list("message", flat=True).get(id=transfer_id)
        assert message is not None, "it leaves in one"
        return Message.objects.values_list("attempts", flat=True).get(id=message)


def red_signs(said: str) -> set[str]:
    document = next(line for line in said.splitlines() if line.startswith("{"))
    return {sign["code"] for sign in json.loads(document)["signs"] if sign["is_red"]}
