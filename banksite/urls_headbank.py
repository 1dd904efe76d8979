"""Every address of the head bank's site."""

from django.urls import path

from banksite.urls_api import urlpatterns_headbank as api
from banksite.urls_common import urlpatterns as common
from banksite.views import Home
from headbank.urls_pages import urlpatterns as pages

urlpatterns = [path("", Home.as_view(), name="home"), *pages, *api, *common]
handler400, handler404, handler500 = "banksite.problems.bad_request", "banksite.problems.not_found", "banksite.problems.server_error"
