"""Approvals, decided here whatever they are about, and the lists of the libraries that keep tables of their own."""

from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt, AccessLog
from django.contrib import admin
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from access.admin import Asked, BankAdmin, coloured, deed, one_of
from access.models import Approval
from access.permissions import DECIDE_APPROVAL
from banksite import approvals

for _model in (BlacklistedToken, OutstandingToken, Authenticator, EmailAddress, EmailConfirmation):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)  # tokens and secrets are nothing to look at, and nobody signs in by e-mail


@admin.register(AccessAttempt)
class FailedSignInAdmin(BankAdmin):
    """Sign-ins that failed, and who is locked out."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("=username",)
    exclude = never_exported = ("get_data", "post_data")


@admin.register(AccessLog)
class SignInAdmin(BankAdmin):
    """Who signed in and out."""

    list_display = ("attempt_time", "username", "ip_address", "logout_time")
    search_fields = ("=username",)


@admin.register(Approval)
class ApprovalAdmin(BankAdmin):
    """Questions to a second person and what became of them."""

    list_display = ("asked_at", "action", "subject", "reason", "asked_by", "state", "decided_by", "decided_at")
    list_filter = ("status", one_of("action", approvals.actions))
    list_select_related = ("asked_by", "decided_by")
    search_fields = ("=subject", "=id")
    search_help_text = "What it is about, such as an account's number or transfer:id"
    fields = (
        "action",
        "subject",
        "state",
        "facts",
        ("asked_by", "asked_at"),
        "reason",
        ("decided_by", "decided_at"),
        "decision_reason",
    )
    readonly_fields = ("state",)
    masks = ("subject", "facts", "reason", "decision_reason")
    actions_detail = ("approve", "refuse")

    def name_of(self, row: Any) -> str:
        """Return what is asked."""
        return f"{row.action} of {row.subject}"

    @coloured("status")
    def state(self, approval: Approval) -> str:
        """Show what was decided."""
        return approval.status

    @deed(
        title="Approve",
        explains=lambda approval: (
            f"{approval.action} of {approval.subject} is done at once, if it is still possible. "
            f"{approval.asked_by.get_full_name() or approval.asked_by} asked for it: {approval.reason or 'no reason given'}."
        ),
        permission=DECIDE_APPROVAL,
        icon="check_circle",
        offered=lambda approval: approval.status == "waiting",
    )
    def approve(self, asked: Asked, approval: Approval) -> str:
        """Agree and do what was asked for."""
        refusal = approvals.approve(approval_id=approval.id, reason=asked.reason, by=asked.by, now=asked.now)
        return f"Approved, but it had become impossible: {refusal}" if refusal else "Approved, and done."

    @deed(
        title="Refuse",
        explains=lambda approval: f"{approval.action} of {approval.subject} is not done, and what was held for it is free again.",
        permission=DECIDE_APPROVAL,
        icon="cancel",
        is_dangerous=True,
        offered=lambda approval: approval.status == "waiting",
    )
    def refuse(self, asked: Asked, approval: Approval) -> str:
        """Say no."""
        approvals.refuse(approval_id=approval.id, reason=asked.reason, by=asked.by, now=asked.now)
        return "Refused."
