"""Every address of a bank's site."""

from django.urls import include, path

from banksite.urls_api import urlpatterns as api
from banksite.urls_common import urlpatterns as common
from banksite.views import Home, Search
from banksite.views_approvals import Decide, Waiting

pages = [
    path("", Home.as_view(), name="home"),
    path("search", Search.as_view(), name="search"),
    path("approvals", Waiting.as_view(), name="approvals-waiting"),
    path("approvals/<uuid:approval_id>", Decide.as_view(), name="approval-decide"),
    path("", include("accounts.urls_pages")),
    path("", include("transfers.urls_pages")),
]
urlpatterns = [*pages, *api, *common]
handler400, handler404, handler500 = "banksite.problems.bad_request", "banksite.problems.not_found", "banksite.problems.server_error"
