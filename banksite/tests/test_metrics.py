"""What Prometheus reads: right numbers, of few questions, and nothing that names anybody."""

import re
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

import webhooks.services
from access import meters
from access.site import acting_as
from access.tests.people import NOON
from accounts.models import Account
from banksite import gauges, housekeeping, measuring
from messaging.models import DeadLetter, Directory, Lease
from messaging.services import ensure_own_key
from transfers.models import Transfer
from transfers.tests.people import ANNA, BRAM, SITE, ZOE, answer, decision, furnish, paid, pay
from webhooks.tests.people import program, registered, settle

LABELS = {
    "kind",
    "outcome",
    "cause",
    "partition",
    "reason",
    "task",
    "code",
    "role",
    "use",
    "destination",
    "peer",
    "currency",
    "status",
    "signed",
}
LABELS |= {"view", "method", "type", "le"}


@pytest.fixture
def bank(transactional_db: None) -> Iterator[None]:
    with acting_as(SITE):
        furnish()
        yield


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def state() -> dict[str, float]:
    """Return the bank's state as of now, by name and label values."""
    samples = (sample for metric in gauges.BankCollector().collect() for sample in metric.samples)
    return {" ".join([sample.name, *sample.labels.values()]): sample.value for sample in samples}


class TestACount:
    def test_of_transfers_is_by_kind_and_outcome(self, bank: None) -> None:
        before = (
            counted("bank_transfers_total", kind="outgoing", outcome="pending"),
            counted("bank_transfers_total", kind="outgoing", outcome="completed"),
        )

        transfer = paid()
        answer(decision(transfer))

        assert counted("bank_transfers_total", kind="outgoing", outcome="pending") == before[0] + 1
        assert counted("bank_transfers_total", kind="outgoing", outcome="completed") == before[1] + 1

    def test_counts_nothing_that_was_rolled_back(self, bank: None) -> None:
        before = counted("bank_transfers_total", kind="internal", outcome="completed")

        with transaction.atomic():
            pay(BRAM)
            transaction.set_rollback(True)

        assert counted("bank_transfers_total", kind="internal", outcome="completed") == before

    def test_of_the_time_to_a_decision_begins_when_the_payment_was_accepted(self, bank: None) -> None:
        before = counted("bank_transfer_decision_seconds_sum", outcome="completed")

        answer(decision(paid(now=NOON)), now=NOON + timedelta(seconds=7))

        assert counted("bank_transfer_decision_seconds_sum", outcome="completed") == pytest.approx(before + 7)

    def test_names_banks_that_contradict_themselves(self, bank: None) -> None:
        transfer = paid()
        before = counted("bank_dead_letters_total", reason="opposite-answer")

        answer(decision(transfer))
        answer(decision(transfer, outcome="rejected", reason="AC04"))

        assert counted("bank_dead_letters_total", reason="opposite-answer") == before + 1


class TestTheState:
    def test_shows_what_waits_and_for_how_long(self, bank: None) -> None:
        transfer = paid()
        Transfer.objects.filter(id=transfer.id).update(created_at=NOON)

        shown = state()

        assert shown["bank_transfers_pending"] == shown["bank_outbox_unsent_messages"] == 1
        assert shown["bank_transfer_oldest_pending_seconds BNKB"] > 1
        assert shown["bank_transfer_oldest_pending_seconds BNKC"] == 0
        assert shown["bank_outbox_oldest_unsent_seconds"] > 1
        assert shown["bank_clearing_balance_minor BNKB EUR"] == 1_000

    def test_shows_that_the_books_balance_or_by_how_much_they_do_not(self, bank: None) -> None:
        measuring.measure(now=NOON)
        sound = state()
        Account.objects.filter(number=ANNA).update(balance_minor=10_007)
        measuring.measure(now=NOON + measuring.EVERY)

        assert sound["bank_ledger_imbalance_minor EUR"] == 0
        assert state()["bank_ledger_imbalance_minor EUR"] == 7

    def test_is_measured_by_housekeeping_and_not_at_every_pass(self, bank: None) -> None:
        housekeeping.tidy(now=NOON)
        Account.objects.filter(number=ANNA).update(balance_minor=10_007)
        housekeeping.tidy(now=NOON + timedelta(seconds=10))

        shown = state()

        assert shown["bank_ledger_imbalance_minor EUR"] == 0
        assert shown["bank_housekeeping_timestamp_seconds"] == (NOON + timedelta(seconds=10)).timestamp()

    def test_shows_the_works(self, bank: None, tmp_path_factory: pytest.TempPathFactory) -> None:
        Lease.objects.create(name="relay", holder="one", until=NOON.replace(year=2100))
        Directory.objects.create(version=3, value=b"", signature=b"", key_id="", received_at=NOON)
        ensure_own_key(use="messages", file=tmp_path_factory.mktemp("keys") / "key", now=NOON)
        DeadLetter.objects.create(digest=b"1", value=b"", topic="t", partition=0, offset=0, reason="unsigned", first_at=NOON, last_at=NOON)

        shown = state()

        assert (shown["bank_relay_active"], shown["bank_directory_version"]) == (1, 3)
        assert (shown["bank_dead_letters_open unsigned no"], shown["bank_dead_letters_open opposite-answer yes"]) == (1, 0)
        assert shown["bank_own_key_age_seconds messages"] > 1
        assert (shown["bank_in_recovery"], shown["bank_triggers_missing"], shown["bank_database_up"]) == (0, 0, 1)

    def test_shows_how_old_what_some_webhook_has_not_been_queued_is(self, bank: None) -> None:
        erp = program("erp", ANNA)
        settle()
        registered(erp)
        nothing = state()
        paid(BRAM)
        settle()
        waiting = state()
        webhooks.services.fan_out(random=Random(1), now=NOON)

        name = "bank_webhooks_oldest_unqueued_seconds"
        assert (nothing[name], waiting[name] > 1, state()[name]) == (0, True, 0)

    def test_of_a_head_bank_is_that_of_its_register(self, db: None) -> None:
        with acting_as(SITE.__class__(role="headbank", code="HEAD", name="Head", country="NL", currencies=("EUR",))):
            shown = state()

        assert (shown["bank_register_banks active"], shown["bank_register_banks_without_key"]) == (0, 0)
        assert "bank_transfers_pending" not in shown

    def test_takes_few_questions_however_many_banks_there_are_and_none_a_moment_later(self, bank: None) -> None:
        collector = gauges.BankCollector()

        with CaptureQueriesContext(connection) as first:
            collector.collect()
        with CaptureQueriesContext(connection) as second:
            collector.collect()

        assert (len(first) <= 20, len(second)) == (True, 0)

    def test_says_that_the_database_is_away_instead_of_failing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(**_: object) -> None:
            raise DatabaseError

        monkeypatch.setattr(gauges, "_read", away)

        assert state() == {"bank_database_up": 0}


class TestThePage:
    def test_counts_requests_by_view(self, client: Client, db: None) -> None:
        labels = {"view": "livez", "method": "GET", "status": "200"}
        before = counted("django_http_responses_total_by_status_view_method_total", **labels)

        client.get("/livez")

        assert counted("django_http_responses_total_by_status_view_method_total", **labels) == before + 1

    def test_lets_nobody_name_a_label(self, client: Client, db: None) -> None:
        client.generic("EVIL", "/NL91BNKA0417164300/evil?token=evil", HTTP_X_EVIL="evil")

        assert "vil" not in scraped(client).casefold()

    def test_has_no_label_but_these_and_names_no_account_person_or_token(self, client: Client, bank: None) -> None:
        answer(decision(paid(reference="rent for May")))
        pay(creditor="NL00NONE0000000000")

        page = scraped(client)
        labels = {label for family in text_string_to_metric_families(page) for sample in family.samples for label in sample.labels}

        assert {sample.name for family in text_string_to_metric_families(page) for sample in family.samples} > {
            "bank_transfers_total",
            "bank_info",
        }
        assert labels - LABELS - {"implementation", "major", "minor", "patchlevel", "version", "generation"} == set()
        assert [word for word in (ANNA, BRAM, ZOE, "Anna", "Zoë", "rent", "NONE") if word in page] == []
        assert not re.search(r"[A-Z]{2}\d{2}[A-Z]{4}\d{6,}", page)

    def test_explains_every_number_of_ours(self) -> None:
        ours = [meter for meter in vars(meters).values() if hasattr(meter, "_documentation")]

        assert len(ours) >= 11
        assert [meter._name for meter in ours if len(meter._documentation) < 20 or not meter._documentation.endswith(".")] == []


def scraped(client: Client) -> str:
    """Return what Prometheus reads at its own port."""
    with override_settings(METRICS_LISTEN="0.0.0.0:9100"):
        return client.get("/metrics", SERVER_PORT="9100").content.decode()
