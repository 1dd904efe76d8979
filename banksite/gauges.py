"""The state of the whole bank as Prometheus reads it: from the database, with few and bounded queries, and not at every question anew."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import access.selectors
import accounts.selectors
import headbank.selectors
import messaging.selectors
import transfers.selectors
import webhooks.selectors
from access import triggers
from access.site import this_bank
from banksite import measuring
from messaging.selectors import COUNT_AT_MOST
from transfers.rules import Verdict

KEPT_S = 5.0
OPPOSITE = Verdict.OPPOSITE.value  # shown even when there is none: two banks contradict each other


class BankCollector(Collector):
    """Reads the bank's state, at most once in KEPT_S however often it is asked."""

    def __init__(self) -> None:
        self._read_at, self._kept = float("-inf"), list[Metric]()

    def collect(self) -> Iterable[Metric]:
        """Return what was read a moment ago, or read it; without a database there is only that to say."""
        if time.monotonic() - self._read_at > KEPT_S:
            try:
                self._kept = [*_read(now=timezone.now()), _gauge("bank_database_up", "1 while the database answers.", 1)]
            except DatabaseError:
                self._kept = [_gauge("bank_database_up", "1 while the database answers.", 0)]
            self._read_at = time.monotonic()
        return self._kept


def _read(*, now: datetime) -> Iterator[Metric]:
    bank = this_bank()
    yield _gauges("bank_info", "Who this is; always 1.", ("code", "role"), {(bank.code, bank.role): 1})
    yield _gauge("bank_triggers_missing", "Triggers that guard the journal and are not there.", len(_missing_triggers()))
    yield from _transport(now)
    yield from _directory(now)
    yield from _measured()
    if bank.is_head_bank:
        yield from _register()
    else:
        yield from _payments(now)
        yield from _webhooks(now)


def _transport(now: datetime) -> Iterator[Metric]:
    read = messaging.selectors
    yield _gauge("bank_relay_active", "1 while a relay holds the lease.", read.relay_is_active(now=now))
    yield _gauge("bank_in_recovery", "1 while the bank neither reads nor publishes.", read.in_recovery())
    letters = Counter({(OPPOSITE, "yes"): 0})
    for group in read.dead_letter_groups():
        letters[group.reason, "yes" if group.sender else "no"] += group.count
    yield _gauges("bank_dead_letters_open", "Dead letters that wait for a person.", ("reason", "signed"), letters)
    yield _gauge("bank_outbox_unsent_messages", "Messages never published yet.", read.unsent_count())
    yield _gauge("bank_outbox_unanswered_messages", "Published requests that wait for answers.", read.unanswered_count())
    yield _gauge("bank_outbox_oldest_unsent_seconds", "Age of the oldest message never published.", _age_s(read.oldest_unsent(), now))


def _directory(now: datetime) -> Iterator[Metric]:
    read = messaging.selectors
    yield _gauge("bank_directory_version", "Version of the directory of banks in use.", read.directory_version())
    yield _gauge("bank_directory_age_seconds", "Since when that version is in use.", _age_s(read.directory_taken_at(), now))
    ages = {(use,): _age_s(since, now) for use, since in read.own_keys_since().items()}
    yield _gauges("bank_own_key_age_seconds", "Age of the key in use.", ("use",), ages)


def _payments(now: datetime) -> Iterator[Metric]:
    yield _gauge(
        "bank_approvals_waiting", "Questions that wait for a second person.", access.selectors.waiting_count(at_most=COUNT_AT_MOST)
    )
    oldest = _age_s(access.selectors.waiting_since(), now)
    yield _gauge("bank_approval_oldest_seconds", "Age of the oldest question that waits.", oldest)
    pending = transfers.selectors.pending_count(at_most=COUNT_AT_MOST)
    yield _gauge("bank_transfers_pending", "Payments to other banks that are not decided.", pending)
    waiting = {(code,): _age_s(since, now) for code, since in transfers.selectors.oldest_pending().items()}
    yield _gauges("bank_transfer_oldest_pending_seconds", "Age of the oldest payment a bank has not decided.", ("destination",), waiting)
    caps = transfers.selectors.debit_caps(bank=messaging.selectors.peer(code=this_bank().code))
    used = {(currency,): cap.owed_minor / max(cap.cap_minor, 1) for currency, cap in caps.items()}
    yield _gauges("bank_debit_cap_used_ratio", "Share of the net debit cap that we owe; alarm at 0.8.", ("currency",), used)
    balances = accounts.selectors.clearing_balances(banks=[code for (code,) in waiting], currencies=this_bank().currencies)
    yield _gauges("bank_clearing_balance_minor", "What we owe a bank; below 0, it owes us.", ("peer", "currency"), balances)


def _webhooks(now: datetime) -> Iterator[Metric]:
    read = webhooks.selectors
    yield _gauge("bank_webhooks_failing", "Active webhooks that take nothing now.", read.failing_count())
    oldest = _age_s(read.oldest_due(now=now), now)
    yield _gauge("bank_webhooks_oldest_due_seconds", "How long the oldest due delivery to a healthy webhook waits.", oldest)
    unqueued = _age_s(read.oldest_unqueued(), now)
    yield _gauge("bank_webhooks_oldest_unqueued_seconds", "Age of the oldest event not queued yet for some active webhook.", unqueued)


def _register() -> Iterator[Metric]:
    banks = {(status,): number for status, number in headbank.selectors.banks_by_status().items()}
    yield _gauges("bank_register_banks", "Banks of the register.", ("status",), banks)
    yield _gauge("bank_register_banks_without_key", "Active banks with no key in force.", headbank.selectors.banks_without_key())


def _measured() -> Iterator[Metric]:
    found = measuring.measured()
    sums = {(name.split()[1],): row.value for name, row in found.items() if name.startswith(measuring.IMBALANCE)}
    yield _gauges("bank_ledger_imbalance_minor", "Sum of all balances; anything but 0 is an emergency.", ("currency",), sums)
    if measuring.HOUSEKEEPING in found:
        passed = found[measuring.HOUSEKEEPING].at.timestamp()
        yield _gauge("bank_housekeeping_timestamp_seconds", "When housekeeping last passed.", passed)


def _missing_triggers() -> list[str]:
    return triggers.missing(connection, triggers.registered())


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=float(value))


def _gauges(name: str, says: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, float(value))
    return family


def _age_s(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
