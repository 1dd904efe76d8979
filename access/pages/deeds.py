"""Pages that do something: a form, one service, and never twice what was sent twice."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from access.errors import DomainError, InProgress, KeyMissing, KeyReused
from access.idempotency import Answer, once
from access.pages.forms import BankForm
from access.pages.staff import StaffPage
from access.pages.words import said

_LONGEST_KEY = 255
_NOT_CONTENT = ("csrfmiddlewaretoken", "key")


class DeedPage(StaffPage):
    """A page with one form. `perform` calls one service; what it returns is kept with the form's key and told again when it is repeated.

    The key is made when the form is drawn. It stays after an error of ours, so that sending again is safe, and is new after a refusal.
    `back` is where Escape and Cancel lead.
    """

    form_class: ClassVar[type[BankForm]] = BankForm

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Do it; return plain JSON that `done` can tell the outcome from. Raises refusals."""
        raise NotImplementedError

    def back(self) -> str:
        """Return the address from which the form is reached."""
        return "/"

    def done(self, body: Mapping[str, Any], *, replayed: bool) -> HttpResponse:
        """Answer after it was done; by default say so and lead on."""
        if not replayed:
            messages.success(self.request, self.told(body))
        return HttpResponseRedirect(self.leads_to(body))

    def told(self, body: Mapping[str, Any]) -> str:
        """Return the sentence that says what was done."""
        raise NotImplementedError

    def leads_to(self, body: Mapping[str, Any]) -> str:
        """Return the address where work goes on."""
        raise NotImplementedError

    def initial(self) -> dict[str, Any]:
        """Return what the form holds when it is drawn first."""
        return {}

    def make_form(self, **arguments: Any) -> BankForm:
        """Return the form, `data` being among the arguments when it was sent."""
        return self.form_class(**arguments)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Draw the form."""
        return self.draw(self.make_form(initial=self.initial()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Do it, or draw the form again with what is wrong; raises KeyMissing."""
        key = request.POST.get("key", "")
        if not 1 <= len(key) <= _LONGEST_KEY:
            raise KeyMissing
        form = self.make_form(data=request.POST, files=request.FILES, initial=self.initial())
        if not form.is_valid():
            return self.draw(form, key=key)
        try:
            answer = once(principal=f"user:{self.by.pk}", key=key, fingerprint=_fingerprint(request), effect=lambda: self._judged(form))
        except InProgress:
            form.add_error(None, _("This is being done right now. Wait a moment, then send it again: it is done only once."))
            return self.draw(form, key=key)
        except KeyReused:
            form.add_error(
                None, _("This form was sent before with other content. See what was done then; send it again only to do this too.")
            )
            return self.draw(form)
        if answer.is_success:
            return self.done(answer.body, replayed=answer.replayed)
        form.refuse(**answer.body)
        return self.draw(form)

    def draw(self, form: BankForm, *, key: str = "") -> HttpResponse:
        """Draw the page with the form, under a new key unless one is to be kept."""
        return self.render_to_response(self.get_context_data(form=form, key=key or str(uuid4()), back=self.back()))

    def show(self, template: str, **context: Any) -> HttpResponse:
        """Draw another page as the answer."""
        return render(self.request, template, context)

    def _judged(self, form: BankForm) -> Answer:
        """Return what is kept with the key: what was done, or the refusal as it is shown."""
        try:
            with transaction.atomic():  # a refusal leaves the transaction around it usable
                return Answer(status=200, body=dict(self.perform(form)))
        except DomainError as refusal:
            return Answer(status=422, body={"code": refusal.code, "text": said(refusal)})


def _fingerprint(request: HttpRequest) -> str:
    """Return what must be the same when a key comes again: the address and what was filled in."""
    content = {name: values for name, values in request.POST.lists() if name not in _NOT_CONTENT}
    files = {name: [_digest(file) for file in request.FILES.getlist(name)] for name in request.FILES}
    said = [request.path, content, files] if files else [request.path, content]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _digest(file: Any) -> str:
    """Return what tells an uploaded file from another, whatever their names."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
