"""What helps those who write programs: the API's description in three forms, and a page for each problem."""

import re
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerSplitView

from banksite.problems import PLAIN, STATUS

_POLICY = {"style-src": ["'self'", "'unsafe-inline'"], "worker-src": ["'self'", "blob:"]}  # both readers style what they draw as they go


@method_decorator(cache_control(max_age=300), name="dispatch")
class Schema(SpectacularAPIView):
    """The description itself (OpenAPI 3.1)."""

    permission_classes = ()
    throttle_classes = ()


class Swagger(SpectacularSwaggerSplitView):
    """The description to try out."""

    permission_classes = ()
    throttle_classes = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer with the policy this page needs."""
        return _with_policy(super().dispatch(request, *args, **kwargs))


class Redoc(SpectacularRedocView):
    """The description to read."""

    template_name = "banksite/redoc.html"
    permission_classes = ()
    throttle_classes = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer with the policy this page needs."""
        return _with_policy(super().dispatch(request, *args, **kwargs))


class Problems(TemplateView):
    """Every problem there is."""

    template_name = "banksite/problems.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the problems, by code."""
        return super().get_context_data(**kwargs, problems=sorted(_explained().values(), key=lambda problem: str(problem["code"])))


class ProblemPage(TemplateView):
    """What one problem means and what to do."""

    template_name = "banksite/problem.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the problem; raises Http404."""
        problem = _explained().get(kwargs["code"])
        if problem is None:
            raise Http404
        return super().get_context_data(**kwargs, problem=problem)


def _explained() -> dict[str, dict[str, object]]:
    """Return every problem by its code: its title, status, meaning, and what to do with the numbers left open."""
    ours = {
        kind.code: {
            "code": kind.code,
            "title": kind.title,
            "status": status,
            "meaning": re.split(r"; `facts`|\n", kind.__doc__ or "")[0].rstrip(".") + ".",
            "advice": re.sub(r"\{(\w+)[^}]*\}", lambda place: f"<{place[1].replace('_', ' ')}>", kind.advice),
        }
        for kind, status in STATUS.items()
    }
    plain = {
        code: {"code": code, "title": title, "status": status, "meaning": title, "advice": advice}
        for status, (code, title, advice) in PLAIN.items()
    }
    return ours | plain


def _with_policy(response: HttpResponseBase) -> HttpResponseBase:
    vars(response)["_csp_update"] = _POLICY
    return response
