"""Deeds in three pages: form, check your answers, done."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from access.errors import DomainError, KeyMissing
from access.pages import BankForm, DeedPage, said


class CheckedDeed(DeedPage):
    """A deed that is shown before it is done, and done only from there.

    The form's key travels with it through the checking: going back, reloading or sending again never does a thing twice.
    """

    check_template: ClassVar[str]

    def rehearse(self, form: BankForm) -> dict[str, Any]:
        """Return what is checked, having changed nothing; raises the refusal there would be."""
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show what would be done, or do it once it was confirmed; raises KeyMissing."""
        step, key = request.POST.get("step"), request.POST.get("key", "")
        if step == "confirm":
            return super().post(request, *args, **kwargs)
        if not key:
            raise KeyMissing
        form = self.make_form(data=request.POST, initial=self.initial())
        if step == "change" or not form.is_valid():
            return self.draw(form, key=key)
        try:
            checked = self.rehearse(form)
        except DomainError as refusal:
            form.refuse(code=refusal.code, text=said(refusal))
            return self.draw(form, key=key)
        return self.show(self.check_template, form=form, key=key, back=self.back(), **checked)

    def done(self, body: Any, *, replayed: bool) -> HttpResponse:  # noqa: ARG002  # said by the page that is led to
        """Lead to the page that says what was done; the same however often it is sent."""
        return HttpResponseRedirect(reverse("transfers:done", args=[body["transfer_id"]]))
