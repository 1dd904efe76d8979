"""Pages of what waits for a second person: what would happen, who asks and why; agree or say no."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access import selectors
from access.errors import ApprovalNotWaiting
from access.pages import BankForm, DeedPage, StaffPage, id_or_none, said
from access.permissions import VIEW_APPROVALS
from access.selectors import WaitingApproval
from accounts.templatetags.bank import word
from banksite import approvals

_PAGE = 50


class DecisionForm(BankForm):
    """The second person's word."""

    places = {"reason-missing": "reason"}
    decision = forms.ChoiceField(
        label=gettext_lazy("Your decision"),
        choices=[("approve", gettext_lazy("Agree: it is done at once")), ("refuse", gettext_lazy("Say no: nothing moves"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say whether you agree.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        help_text=gettext_lazy("Needed when you say no; kept in the audit trail under your name."),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class Waiting(StaffPage):
    """What waits for a second person, oldest first."""

    needs = VIEW_APPROVALS
    template_name = "banksite/approvals.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add a page of questions, and where younger ones are."""
        found = selectors.waiting(by=self.by, after=id_or_none(self.request.GET.get("after", "")), limit=_PAGE + 1)
        younger = f"?after={found[_PAGE - 1].id}" if len(found) > _PAGE else ""
        questions = [(question, word(question.action)) for question in found[:_PAGE]]
        return super().get_context_data(**kwargs, questions=questions, younger=younger, me=self.by.pk)


class Decide(DeedPage):
    """Decide about one question."""

    needs = VIEW_APPROVALS
    form_class = DecisionForm
    template_name = "banksite/approval.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the question; raises ApprovalNotWaiting, ApprovalUnknown."""
        question = self._question()
        facts = {name: value for name, value in question.facts.items() if name not in {"amount_minor", "currency", "debtor", "creditor"}}
        transfer = question.subject.removeprefix("transfer:") if question.subject.startswith("transfer:") else ""
        return super().get_context_data(
            **kwargs,
            question=question,
            asked=word(question.action),
            facts=facts,
            transfer=transfer,
            is_own=question.asked_by_id == self.by.pk,
        )

    def back(self) -> str:
        """Return the list."""
        return reverse("approvals-waiting")

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Agree, or say no."""
        given, approval_id = form.cleaned_data, self.kwargs["approval_id"]
        if given["decision"] == "refuse":
            approvals.refuse(approval_id=approval_id, by=self.by, reason=given["reason"], now=timezone.now())
            return {"refused": True}
        refusal = approvals.approve(approval_id=approval_id, by=self.by, reason=given["reason"], now=timezone.now())
        return {"impossible": said(refusal) if refusal else ""}

    def leads_to(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same place
        """Return the list."""
        return self.back()

    def told(self, body: Mapping[str, Any]) -> str:
        """Say what came of it."""
        if body.get("refused"):
            return _("Refused. Nothing has moved.")
        if body["impossible"]:
            return _("It could not be done any more: {why}").format(why=body["impossible"])
        return _("Agreed, and done.")

    def _question(self) -> WaitingApproval:
        """Return the question as long as it waits; raises ApprovalUnknown, ApprovalNotWaiting."""
        approval_id: UUID = self.kwargs["approval_id"]
        question = selectors.waiting_approval(approval_id=approval_id, by=self.by)
        if question is None:
            raise ApprovalNotWaiting(approval=str(approval_id), status=selectors.approval_by_id(approval_id=approval_id).status)
        return question
