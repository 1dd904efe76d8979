"""The addresses of access under /api/v1/."""

from django.urls import path

from access.api import clients, sign_in

urlpatterns = [
    path("auth/token", sign_in.SignIn.as_view(), name="auth-token"),
    path("auth/refresh", sign_in.Refresh.as_view(), name="auth-refresh"),
    path("auth/logout", sign_in.SignOut.as_view(), name="auth-logout"),
    path("me", sign_in.Me.as_view(), name="me"),
    path("clients", clients.Clients.as_view(), name="clients"),
    path("clients/<str:username>", clients.Client.as_view(), name="client"),
    path("clients/<str:username>/limits", clients.Limits.as_view(), name="clients-limits"),
    path("clients/<str:username>/secret", clients.RenewSecret.as_view(), name="clients-secret"),
]
