"""The lists of the libraries that keep tables of their own, read-only like everything."""

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt, AccessLog
from django.contrib import admin
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from access.admin import BankAdmin

for _model in (BlacklistedToken, OutstandingToken, Authenticator, EmailAddress, EmailConfirmation):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)  # tokens and secrets are nothing to look at, and nobody signs in by e-mail


@admin.register(AccessAttempt)
class FailedSignInAdmin(BankAdmin):
    """Sign-ins that failed, and who is locked out."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("=username",)
    exclude = ("get_data", "post_data")


@admin.register(AccessLog)
class SignInAdmin(BankAdmin):
    """Who signed in and out."""

    list_display = ("attempt_time", "username", "ip_address", "logout_time")
    search_fields = ("=username",)
