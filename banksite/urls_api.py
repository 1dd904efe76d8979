"""Every address of the API, its description, and the pages that explain its problems."""

from django.urls import URLPattern, URLResolver, include, path

from access.api.sign_in import PublicKeys
from banksite import api, views_api

approvals: list[URLPattern | URLResolver] = [
    path("approvals", api.Waiting.as_view(), name="approvals"),
    path("approvals/<uuid:approval_id>/approve", api.Approve.as_view(), name="approvals-approve"),
    path("approvals/<uuid:approval_id>/refuse", api.Refuse.as_view(), name="approvals-refuse"),
]
endpoints: list[URLPattern | URLResolver] = [
    path("", include("access.urls")),
    path("", include("accounts.urls")),
    path("", include("messaging.urls")),
    path("", include("transfers.urls")),
    path("", include("webhooks.urls")),
    *approvals,
]
endpoints_headbank: list[URLPattern | URLResolver] = [
    path("", include("access.urls")),
    path("", include("headbank.urls")),
    *approvals,
]
described: list[URLPattern | URLResolver] = [
    path("api/schema/", views_api.Schema.as_view(), name="schema"),
    path(".well-known/jwks.json", PublicKeys.as_view(), name="jwks"),
    path("docs", views_api.Swagger.as_view(url_name="schema"), name="docs"),
    path("redoc", views_api.Redoc.as_view(url_name="schema"), name="redoc"),
    path("redoc/script.js", views_api.redoc_script, name="redoc-script"),
    path("problems/", views_api.Problems.as_view(), name="problems"),
    path("problems/<slug:code>", views_api.ProblemPage.as_view(), name="problem"),
]
urlpatterns = [path("api/v1/", include(endpoints)), *described]
urlpatterns_headbank = [path("api/v1/", include(endpoints_headbank)), *described]
