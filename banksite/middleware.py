"""What happens to every request: its id, its log line, its language, its content security policy, and refusals as pages."""

from collections.abc import Callable
from typing import cast

import structlog
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, QueryDict
from django.middleware.common import CommonMiddleware
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import translation
from django_structlog.middlewares import RequestMiddleware as StructlogMiddleware

from access import request_id
from access.database_errors import is_unavailable
from access.errors import DomainError
from access.pages import said
from access.text import cleaned_of_form
from banksite.problems import STATUS, unavailable

FOR_MACHINES = frozenset({"/livez", "/readyz", "/metrics"})
_ADMIN_POLICY = {"script-src": ["'self'", "'unsafe-eval'"], "style-src": ["'self'", "'unsafe-inline'"]}


class RequestMiddleware(StructlogMiddleware):
    """Give the request an id that its log lines, its audit events and its answer (`Request-Id`) share."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        self.prepare(request)
        name = str(structlog.contextvars.get_contextvars()["request_id"])
        with request_id.answering(name):
            response = cast(HttpResponse, self.get_response(request))  # or one that streams, which has headers and a status too
        response["Request-Id"] = name
        self.handle_response(request, response)
        return response

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Name the route rather than the path: paths and queries hold account numbers."""
        match = request.resolver_match
        return f"{request.method} /{match.route}" if match else f"{request.method} (no route)"


class DatabaseMiddleware:
    """Ask once more, over a new connection, where the old one was no good and the request changes nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        response = self.get_response(request)
        if request.method in {"GET", "HEAD"} and vars(response).get("lost"):
            return self.get_response(request)
        return response


class NamesMiddleware(CommonMiddleware):
    """Answer visitors only under the bank's names; machines that ask for its health call it by whatever address it has."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Refuse a name that is not ours."""
        return None if request.path_info in FOR_MACHINES else super().process_request(request)


class AdminPolicyMiddleware:
    """Loosen the content security policy for /admin/ alone: Unfold's Alpine evaluates expressions and sets styles."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        response = self.get_response(request)
        if request.path_info.startswith("/admin/"):
            vars(response)["_csp_replace"] = _ADMIN_POLICY
        return response


class LanguageMiddleware(LocaleMiddleware):
    """Speak the language chosen on a page, else the browser's; the API speaks English."""

    def process_request(self, request: HttpRequest) -> None:
        """Choose the language of one request."""
        if request.path_info.startswith("/api/"):
            translation.activate("en")
        else:
            super().process_request(request)


class RefusalMiddleware:
    """Find nothing where no name can lead, and show a refusal that no form took as a page, with the status it has over HTTP."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        """Raise Http404 for a zero byte in the path, which no database keeps in a text; clean what a page was sent (`access/text.py`)."""
        if "\0" in request.path_info:
            raise Http404
        if not request.path_info.startswith("/api/"):
            request.GET = _cleaned(request.GET)  # type: ignore[assignment]  # a QueryDict that cannot be changed, as it was
            if request.method == "POST":
                request.POST = _cleaned(request.POST)  # type: ignore[assignment]  # as above

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a refusal, and for a database that does not; leave every other error to be one of ours."""
        if is_unavailable(error):
            return unavailable(request, error)
        if not isinstance(error, DomainError):
            return None
        told = {"title": translation.gettext(error.title), "text": said(error), "code": error.code}
        return render(request, "banksite/refused.html", told, status=STATUS[type(error)])


def _cleaned(given: QueryDict) -> QueryDict:
    """Return a form's values as they may be kept."""
    values = {name: [cleaned_of_form(value) for value in given.getlist(name)] for name in given}
    if all(values[name] == given.getlist(name) for name in given):
        return given
    changed = given.copy()
    for name, each in values.items():
        changed.setlist(name, each)
    return changed
