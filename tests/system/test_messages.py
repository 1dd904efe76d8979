"""What anybody who can write to a letter box may put there: no money moves, and the good messages behind it pass."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.money import Money
from messaging import directory, envelope, signing
from messaging.broker import Headers
from messaging.envelope import MAX_VALUE_BYTES
from messaging.events import DIRECTORY_TOPIC
from messaging.models import DeadLetter, Message
from messaging.partitions import partition_of
from messaging.selectors import directory_version
from messaging.signing import KEY_ID, SIGNATURE, Domain, SigningKey
from tests.system.bank import Bank, until
from tests.system.town import Stranger, Town, checking_accounts, pay, status_of
from transfers import events
from transfers.models import Transfer
from transfers.orders import Payment

pytestmark = pytest.mark.kafka


@pytest.fixture
def town(town: Town) -> Iterator[Town]:
    """Return the town; dead letters are looked through after each test."""
    yield town
    for bank in town.banks:
        with bank.inside():
            DeadLetter.objects.filter(status="open").update(status="discarded")


class TestAMessageThatCannotCount:
    def test_moves_nothing_is_kept_with_its_reason_and_holds_up_nobody(self, town: Town, stranger: Stranger) -> None:
        before = incoming(town.bert)
        payment = next(payments(town))
        letters = list(bad_letters(town))
        stranger.write(*(letter for _, letter in letters), topic=town.bert.letter_box, partition=partition_of(payment.creditor, 4))

        (behind,) = pay(town.anna, [payment])
        until(lambda: status_of(town.anna, behind) == "completed", what="the good payment behind them arrives")
        town.come_to_rest()

        assert buried(town.bert) == Counter(reason for reason, _ in letters)
        assert incoming(town.bert) - before == Counter({("credited", ""): 1})
        assert without_dead_letters(town.differences()) == []

    def test_is_no_directory_because_it_came_that_way(self, town: Town, stranger: Stranger) -> None:
        with town.head.inside():
            document = directory.current()
            assert document is not None
            known = directory_version()
            value = document.value.replace(b'"version":', b'"version":9')
        forger = signing.generate()
        forgeries = [
            (value, ((SIGNATURE, document.signature), (KEY_ID, document.key_id.encode()))),
            (value, forger.headers(domain=Domain.DIRECTORY, value=value)),
            (value + b" ", town.anna.key.headers(domain=Domain.DIRECTORY, value=value + b" ")),
        ]
        stranger.write(*forgeries, topic=DIRECTORY_TOPIC)

        until(lambda: all(buried(bank).total() == 2 for bank in town.banks), what="both banks keep the forgeries")

        assert [version_of(bank) for bank in town.banks] == [known, known]
        assert [buried(bank) for bank in town.banks] == [Counter({"directory-refused": 2})] * 2  # two have the same bytes


class TestAMessageOfAnotherVersion:
    def test_is_answered_with_a_rejection_for_each_transfer(self, town: Town, stranger: Stranger) -> None:
        wanted = order(town)
        letter = signed(town.anna, request(town, wanted, version=2))
        before = incoming(town.bert)
        stranger.write(letter, topic=town.bert.letter_box)

        until(lambda: buried(town.anna).total() == 1, what="the answer reaches the bank that never asked")
        town.come_to_rest()

        assert incoming(town.bert) - before == Counter({("rejected", "FF01"): 1})
        assert buried(town.anna) == Counter({"answer-to-unknown": 1})
        assert buried(town.bert) == Counter()
        assert without_dead_letters(town.differences()) == []


class TestAFaithfulDuplicate:
    def test_is_answered_again_and_moves_nothing(self, town: Town, stranger: Stranger) -> None:
        (paid,) = pay(town.anna, [next(payments(town))])
        until(lambda: status_of(town.anna, paid) == "completed", what="the payment arrives")
        town.come_to_rest()
        before, answered = incoming(town.bert), answers_given(town.bert)
        stranger.write(*[signed(town.anna, request_of(town.anna, paid))] * 2, topic=town.bert.letter_box, partition=2)

        until(lambda: answers_given(town.bert) == answered + 2, what="both are answered")
        town.come_to_rest()

        assert incoming(town.bert) == before
        assert town.differences() == []


def bad_letters(town: Town) -> Iterator[tuple[str, tuple[bytes, Headers]]]:
    """Yield letters that cannot count, each after the reason it must be kept with."""
    anna, bert = town.anna, town.bert
    sign, fresh = partial(signed, anna), partial(request, town)
    yield "unsigned", (fresh(order(town)), ())
    yield "unsigned", twice_signed(anna, fresh(order(town)))
    yield "key-unknown", with_key(signing.generate(), fresh(order(town)))
    yield "source-wrong", signed(town.head, fresh(order(town)))
    yield "sender-wrong", signed(town.head, fresh(order(town), source="HEAD"))
    yield "signature-wrong", altered(sign(fresh(order(town))))
    yield "signature-wrong", under_the_name_of(anna, signed(bert, fresh(order(town))))
    yield "signature-wrong", for_a_directory(anna, fresh(order(town)))
    yield "source-wrong", sign(fresh(order(town), source="HEAD"))
    yield "source-wrong", signed(bert, fresh(order(town)))
    yield "own-message", signed(bert, fresh(order(town), source=bert.code))
    yield "destination-wrong", sign(fresh(order(town), destination="HEAD"))
    yield "type-unknown", sign(fresh(order(town), name="transfers.imagined"))
    yield "too-large", sign(fresh(order(town)).ljust(MAX_VALUE_BYTES + 1))
    yield "undecodable", sign(b"\x00\xff nothing of ours")
    yield "undecodable", sign(fresh(order(town)).replace(b'"data":', b'"data":{},"data":'))
    yield "undecodable", sign(fresh(order(town)).replace(b'"amount_minor":1000', b'"amount_minor":"much"'))
    yield "undecodable", sign(fresh(order(town)).replace(b'"currency":"EUR"', b'"currency":"EURO"'))
    yield "undecodable", sign(fresh())
    yield "repeated-id", sign(fresh(*[order(town)] * 2))
    yield "foreign-debtor", sign(fresh(order(town, debtor=bert)))
    yield "foreign-creditor", sign(fresh(order(town, creditor=anna)))


def order(town: Town, *, debtor: Bank | None = None, creditor: Bank | None = None) -> events.Order:
    """Return an order that would move money if it counted."""
    payer, payee = checking_accounts(debtor or town.anna)[0], checking_accounts(creditor or town.bert)[1]
    return events.Order(
        id=uuid4(),
        amount_minor=1_000,
        currency="EUR",
        creditor_iban=payee.number,
        creditor_name=payee.holder_name,
        debtor_iban=payer.number,
        debtor_name=payer.holder_name,
        expires_at=timezone.now() + timedelta(hours=1),
    )


def request(
    town: Town, *orders: events.Order, source: str = "", destination: str = "", name: str = "transfers.requested", version: int = 1
) -> bytes:
    """Return the value of a request of the first bank to the second."""
    return envelope.encode(
        id=uuid4(),
        source=source or town.anna.code,
        destination=destination or town.bert.code,
        type=f"{name}.v{version}",
        time=timezone.now(),
        data=events.TransfersRequested(transfers=orders),
    )


def signed(bank: Bank, value: bytes) -> tuple[bytes, Headers]:
    return with_key(bank.key, value)


def with_key(key: SigningKey, value: bytes) -> tuple[bytes, Headers]:
    return value, key.headers(domain=Domain.MESSAGE, value=value)


def twice_signed(bank: Bank, value: bytes) -> tuple[bytes, Headers]:
    """Return a letter whose reader could pick one of two signatures."""
    return value, signed(bank, value)[1] * 2


def altered(letter: tuple[bytes, Headers]) -> tuple[bytes, Headers]:
    """Return a letter that asks for more than what was signed."""
    return letter[0].replace(b'"amount_minor":1000', b'"amount_minor":9000'), letter[1]


def under_the_name_of(bank: Bank, letter: tuple[bytes, Headers]) -> tuple[bytes, Headers]:
    """Return a letter that claims another bank's key than the one that signed it."""
    return letter[0], ((SIGNATURE, dict(letter[1])[SIGNATURE]), (KEY_ID, bank.key.key_id.encode()))


def for_a_directory(bank: Bank, value: bytes) -> tuple[bytes, Headers]:
    """Return a letter under a signature that was made for a directory."""
    return value, bank.key.headers(domain=Domain.DIRECTORY, value=value)


def payments(town: Town) -> Iterator[Payment]:
    payers, payees = checking_accounts(town.anna), checking_accounts(town.bert)
    for payer, payee in zip(payers, payees, strict=False):
        yield Payment(debtor=payer.number, creditor=payee.number, creditor_name=payee.holder_name, amount=Money(1_500, "EUR"))


def request_of(bank: Bank, transfer_id: str) -> bytes:
    """Return the very bytes in which a bank asked for a transfer."""
    with bank.inside():
        message = Transfer.objects.values_list("message", flat=True).get(id=transfer_id)
        assert message is not None, "it left in one"
        return bytes(Message.objects.values_list("value", flat=True).get(id=message))


def incoming(bank: Bank) -> Counter[tuple[str, str]]:
    """Return what the bank decided, by outcome and reason."""
    with bank.inside():
        return Counter(Transfer.objects.filter(kind="incoming").values_list("status", "reason"))


def answers_given(bank: Bank) -> int:
    with bank.inside():
        return Message.objects.filter(type=events.DECIDED, finished_at__isnull=False).count()


def buried(bank: Bank) -> Counter[str]:
    with bank.inside():
        return Counter(DeadLetter.objects.filter(status="open").values_list("reason", flat=True))


def version_of(bank: Bank) -> int:
    with bank.inside():
        return directory_version()


def without_dead_letters(differences: Sequence[str]) -> list[str]:
    return [difference for difference in differences if "dead letter" not in difference]
