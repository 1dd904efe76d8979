"""How a worker process knows, and others can see, that it fails again and again."""

import logging
import os
import socket
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import InterfaceError, OperationalError

from access import meters
from messaging.models import WorkerFailure

logger = logging.getLogger(__name__)

ALARM_AFTER = 8  # failures in a row
COUNTS_FOR = timedelta(minutes=2)  # a worker that is alive fails more often than this, or has succeeded
KEPT_FOR = timedelta(days=1)


def process_name(job: str) -> str:
    """Return a name that no other process has: its job, host and process id, and a random end for the next process of that id."""
    return f"{job}:{socket.gethostname()[:50]}:{os.getpid()}:{uuid4().hex[:8]}"


class WorkerState:
    """The failures in a row of one process; from the eighth on they stand in the database, where `status` sees them."""

    def __init__(self, *, job: str, worker: str) -> None:
        self._job, self._worker = job, worker
        self._since: datetime | None = None
        self.failures = 0

    def fail(self, *, why: str, now: datetime) -> None:
        """Count a failure. Raises nothing where the database is what fails: `status` cannot ask it either."""
        self.failures += 1
        self._since = self._since or now
        meters.WORKER_FAILING.set(self.failures)
        level = logging.ERROR if self.failures == ALARM_AFTER else logging.WARNING
        logger.log(level, "%s.pauses", self._job, extra={"why": why, "failures": self.failures})
        if self.failures >= ALARM_AFTER:
            row = WorkerFailure(worker=self._worker, job=self._job, failures=self.failures, error=why[:200], since=self._since, last_at=now)
            try:
                WorkerFailure.objects.bulk_create(
                    [row], update_conflicts=True, unique_fields=["worker"], update_fields=["failures", "error", "last_at"]
                )
            except (OperationalError, InterfaceError) as error:
                logger.warning("%s.failure-not-kept", self._job, extra={"error": type(error).__name__})

    def succeed(self) -> None:
        """Begin to count again."""
        if self.failures >= ALARM_AFTER:
            WorkerFailure.objects.filter(worker=self._worker).delete()
        self.failures, self._since = 0, None
        meters.WORKER_FAILING.set(0)


def failing_workers(*, now: datetime) -> list[WorkerFailure]:
    """Return the workers that failed ALARM_AFTER times in a row, by name; a process that has ended counts no more."""
    return list(WorkerFailure.objects.filter(last_at__gt=now - COUNTS_FOR).order_by("worker"))


def forget_ended_workers(*, now: datetime, limit: int = 1_000) -> int:
    """Delete what processes left that ended while they failed; return how many rows."""
    ended = WorkerFailure.objects.filter(last_at__lt=now - KEPT_FOR).order_by("worker").values_list("worker", flat=True)[:limit]
    return WorkerFailure.objects.filter(worker__in=list(ended)).delete()[0]
