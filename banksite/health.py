"""Is this process alive, is it ready, and how is the bank: three questions that machines ask."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from banksite import web_metrics


@never_cache
@require_safe
def livez(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # Django passes it
    """Answer 200 as long as the process answers at all; it looks at nothing else, so that a slow database restarts no process."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # Django passes it
    """Answer 200 when the database is there and migrated, else 503; Kafka is no part of it, because a bank works on without."""
    try:
        executor = MigrationExecutor(connection)
        migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "not ready", "database": "unreachable"}, status=503)
    if not migrated:
        return JsonResponse({"status": "not ready", "database": "not migrated"}, status=503)
    return JsonResponse({"status": "ready", "database": "ok"})


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer what Prometheus reads, at the port of METRICS_LISTEN alone: the bank's state, and what this server's workers counted together.

    At the port of pages and API there is no such address: it tells how much money moves, and asks the database for it.
    """
    _, _, port = settings.METRICS_LISTEN.rpartition(":")
    if not port or request.META.get("SERVER_PORT") != port:
        raise Http404
    return HttpResponse(web_metrics.exposition(), content_type=CONTENT_TYPE_LATEST)
