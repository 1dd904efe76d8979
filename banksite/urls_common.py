"""The addresses that every site has, whatever its role."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from banksite import health
from banksite.views import SignIn, SignOut

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("sign-in", SignIn.as_view(), name="sign-in"),
    path("sign-out", SignOut.as_view(), name="sign-out"),
    path("language", set_language, name="set_language"),
    path("admin/login/", RedirectView.as_view(pattern_name="sign-in", query_string=True)),  # one way in, guarded once
    path("admin/", admin.site.urls),
]
