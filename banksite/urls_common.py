"""The addresses that every site has, whatever its role."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from access.admin import palette
from banksite import health, passwords, signing_in

admin.autodiscover()  # here, because only who serves pages needs it
urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("sign-in", signing_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/code", signing_in.SignInCode.as_view(), name="sign-in-code"),
    path("sign-out", signing_in.SignOut.as_view(), name="sign-out"),
    path("lock", signing_in.Lock.as_view(), name="lock"),
    path("locked", signing_in.Locked.as_view(), name="locked"),
    path("password", passwords.Password.as_view(), name="password"),
    path("second-factor", signing_in.SecondFactor.as_view(), name="second-factor"),
    path("language", set_language, name="set_language"),
    path("admin/login/", RedirectView.as_view(pattern_name="sign-in", query_string=True)),  # one way in, guarded once
    path("admin/autocomplete/", palette.nothing),
    path("admin/search/", palette.search),
    path("admin/", admin.site.urls),
]
