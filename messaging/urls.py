"""The addresses of messaging under /api/v1/."""

from django.urls import path

from messaging import api

urlpatterns = [path("banks", api.Banks.as_view(), name="banks")]
