"""The addresses of access under /api/v1/."""

from django.urls import path

from access import api

urlpatterns = [
    path("auth/token", api.SignIn.as_view(), name="auth-token"),
    path("auth/refresh", api.Refresh.as_view(), name="auth-refresh"),
    path("auth/logout", api.SignOut.as_view(), name="auth-logout"),
    path("me", api.Me.as_view(), name="me"),
]
