"""What helps those who write programs: the API's description in three forms, and a page for each problem."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.templatetags.static import static
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.renderers import BaseRenderer

from banksite.http_problems import PLAIN
from banksite.problems import STATUS

_REDOCS_LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_WRITERS: Mapping[str, BaseRenderer] = {"yaml": OpenApiYamlRenderer(), "json": OpenApiJsonRenderer()}
_POLICY = {"style-src": ["'self'", "'unsafe-inline'"], "worker-src": ["'self'", "blob:"]}  # both readers style what they draw as they go


@method_decorator(cache_control(max_age=300), name="dispatch")
class Schema(SpectacularAPIView):
    """The description itself (OpenAPI 3.1), in the format that is asked for; whatever else is asked changes nothing."""

    permission_classes = ()
    throttle_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Any, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """Answer with the description of this site."""
        renderer: BaseRenderer = request.accepted_renderer
        content_type = "; charset=".join(filter(None, (renderer.media_type, renderer.charset)))
        named = {"Content-Disposition": f'inline; filename="{spectacular_settings.TITLE}.{renderer.format}"'}
        return HttpResponse(_description(settings.ROOT_URLCONF, renderer.format), content_type=content_type, headers=named)


@cache
def _description(urlconf: str, written_as: str) -> str | bytes:
    """Return the description of these addresses, the same for everybody: writing it takes a second."""
    described = SchemaGenerator(urlconf=urlconf).get_schema(public=True)  # type: ignore[no-untyped-call]  # declares none
    return _WRITERS[written_as].render(described)


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


@cache_control(max_age=86_400)
def redoc_script(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # Django passes it
    """Answer with ReDoc's own script, whose one picture from elsewhere is replaced by ours: this page asks nobody else for anything."""
    return HttpResponse(_redoc_script(), content_type="text/javascript; charset=utf-8")


@cache
def _redoc_script() -> bytes:
    found = finders.find("drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js")
    assert isinstance(found, str), "drf-spectacular-sidecar is installed"
    return Path(found).read_bytes().replace(_REDOCS_LOGO, static("banksite/mark.svg").encode())


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
