"""Every address of a bank's site."""

from django.urls import path

from banksite.urls_common import urlpatterns as common
from banksite.views import Home

urlpatterns = [path("", Home.as_view(), name="home"), *common]
