"""What web servers count: requests by view, and the counts of all workers of a server together."""

import os
from typing import Any

from django.http import HttpRequest, HttpResponse
from django_prometheus.middleware import Metrics, PrometheusAfterMiddleware
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from banksite.gauges import BankCollector

WANTED = frozenset(
    {
        "django_http_requests_latency_seconds_by_view_method",
        "django_http_responses_total_by_status_view_method",
        "django_http_exceptions_total_by_type",
    }
)
_state = CollectorRegistry()
_state.register(BankCollector())


def exposition() -> bytes:
    """Return the bank's state and what this server's workers counted, those that have ended included."""
    counted = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]  # declares none
    return generate_latest(_state) + generate_latest(counted)


class _Nothing:
    """Counts nothing: of two dozen numbers a request, most only cost time."""

    def inc(self, _amount: float = 1) -> None:
        """Do nothing."""

    def observe(self, _amount: float) -> None:
        """Do nothing."""

    def labels(self, **_: str) -> "_Nothing":
        """Return itself."""
        return self


class _Wanted(Metrics):  # type: ignore[misc]  # ships no types
    """Those of django-prometheus's own metrics that somebody looks at."""

    def register_metric(self, metric_cls: Any, name: str, documentation: str, labelnames: Any = (), **kwargs: Any) -> Any:
        """Return the metric, or one that counts nothing."""
        return super().register_metric(metric_cls, name, documentation, labelnames, **kwargs) if name in WANTED else _Nothing()


class RequestMetrics(PrometheusAfterMiddleware):  # type: ignore[misc]  # ships no types
    """Count and time requests by view, method and status."""

    metrics_cls = _Wanted

    def label_metric(self, metric: Any, request: HttpRequest, response: HttpResponse | None = None, **labels: str) -> Any:  # noqa: ARG002  # its hook
        """Return the metric for the labels; a method that is none is not the sender's to name."""
        if "method" in labels:
            labels["method"] = self._method(request)
        return metric.labels(**labels) if labels else metric
