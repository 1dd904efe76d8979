"""Everything the processes of a bank count and time, on one screen; no label names an account, a person or a token.

What is the bank's rather than a process's (how much waits, how old it is) is read from the database: `banksite/gauges.py`.
"""

from collections.abc import Callable

from django.db import transaction
from prometheus_client import Counter, Gauge, Histogram

TRANSFERS = Counter("bank_transfers", "Transfers that reached a state, first or later.", ["kind", "outcome"])
DECIDED_AFTER = Histogram(
    "bank_transfer_decision_seconds",
    "From the moment a payment to another bank was accepted until its decision was booked here.",
    ["outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 86400),
)
PUBLISHED = Counter("bank_messages_published", "Messages written to other banks.", ["kind"])  # answer, request, repeat, directory
RELAY_TROUBLE = Counter("bank_relay_trouble", "Turns of the relay that the broker or the database spoiled.", ["cause"])
HANDLED = Counter("bank_records_handled", "Records of the letter box that were settled, with or without effect.")
CONSUMER_TROUBLE = Counter("bank_consumer_trouble", "Turns of the consumer that changed nothing and are tried again.")
WORKER_FAILING = Gauge(
    "bank_worker_failures_in_a_row", "Turns of this relay or consumer that failed since the last that did not.", multiprocess_mode="livemax"
)
LAG = Gauge(
    "bank_consumer_lag_records",
    "Records of the inbound topic that wait for this consumer, by its partitions, when the broker was last asked.",
    ["partition"],
    multiprocess_mode="livemax",
)
NEXT_OFFSET = Gauge(
    "bank_consumer_next_offset", "The next record this consumer reads, by its partitions.", ["partition"], multiprocess_mode="livemax"
)
DIRECTORY_HEARD = Gauge(
    "bank_directory_heard_timestamp_seconds", "When the head bank's directory was last read from the broker.", multiprocess_mode="livemax"
)
DEAD_LETTERS = Counter("bank_dead_letters", "What could not count, by reason; `opposite-answer` is two banks that contradict.", ["reason"])

# A count that begins with the first thing counted hides it from whoever asks for its rise, so these are there from the start.
for _cause in ("broker", "database"):
    RELAY_TROUBLE.labels(_cause)
for _kind in ("answer", "request", "repeat", "directory"):
    PUBLISHED.labels(_kind)
for _outcome in ("completed", "rejected", "cancelled"):
    DECIDED_AFTER.labels(_outcome)
HOUSEKEEPING = Counter("bank_housekeeping_done", "Things that housekeeping ended or deleted, by task.", ["task"])


def once_committed(count: Callable[[], None]) -> None:
    """Count when the caller's transaction has committed, and not at all when it is rolled back; at once outside of one."""
    transaction.on_commit(count)
