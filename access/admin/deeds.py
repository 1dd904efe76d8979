"""Deeds: what may be done from the admin, each by a dialog that says what will happen and asks why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from access.errors import DomainError
from access.models import User
from access.retry import retrying

DIALOG = "unfold/helpers/dialog.html"


class DeedForm(BaseDialogForm):  # type: ignore[misc]  # Unfold ships no types
    """What a dialog asks; a form of its own adds fields. `shown` is the row the deed is about, None for one about none."""

    _form_submitted = None  # Unfold's mark of a submitted form: here that is the method

    def __init__(self, *args: Any, shown: models.Model | None = None, **kwargs: Any) -> None:
        self.shown = shown
        super().__init__(*args, **kwargs)


class ReasonForm(DeedForm):
    """Ask why."""

    reason = forms.CharField(
        label="Reason",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Kept in the audit trail for ever.",
        error_messages={"required": "Say in a few words why."},
    )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who asks for a deed, when, and what the dialog's form says; `reason` is empty where the form asks for none."""

    request: HttpRequest
    by: User
    now: datetime
    values: Mapping[str, Any]

    @property
    def reason(self) -> str:
        """Return why."""
        return str(self.values.get("reason", ""))


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a dialog says once and nobody can read again, such as a password: `lines` are names and values."""

    text: str
    lines: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Gone:
    """What happened, where the row a deed was about is in its list no more."""

    text: str


Explains = str | Callable[[Any], str]
Done = str | Told | Gone | HttpResponseBase


def deed(  # every word of the dialog
    *,
    title: str,
    explains: Explains,
    permission: str,
    submit: str = "",
    form_class: type[DeedForm] = ReasonForm,
    icon: str = "",
    is_dangerous: bool = False,
    downloads: bool = False,
    offered: Callable[[Any], bool] = lambda _: True,
) -> Callable[[Callable[..., Done]], Callable[..., HttpResponseBase]]:
    """Make a method of a BankAdmin an action with a dialog, for those who hold the permission (`app.codename`).

    `explains` says what will happen, of the row where it is a function. The method gets what was `Asked` and the row (none in
    `actions_list`), calls one service and returns what happened; a refusal it raises is shown in the dialog with its advice.
    `offered` says for which rows it makes sense: others do not show the button, and the service judges anyway.
    """

    def decorate(method: Callable[..., Done]) -> Callable[..., HttpResponseBase]:
        @wraps(method)
        def act(admin: Any, request: HttpRequest, object_id: str | None = None) -> HttpResponseBase:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            if not admin.has_view_permission(request):
                raise PermissionDenied
            shown = _row(admin, request, object_id)
            form = form_class(data=request.POST if request.method == "POST" else None, request=request, object_id=object_id, shown=shown)
            if request.method == "POST" and form.is_valid():
                given = Asked(request=request, by=cast(User, request.user), now=timezone.now(), values=form.cleaned_data)
                try:
                    done = retrying(lambda: method(admin, given, *([shown] if shown else [])))
                    return _answer(admin, request, done, object_id)
                except DomainError as refusal:
                    form.add_error(None, str(refusal))
            words = {"title": title, "description": explains(shown) if callable(explains) else explains}
            context = {"dialog": words, "form": form, "form_submit_text": submit or title, "is_dangerous": is_dangerous}
            return render(request, DIALOG, context | {"downloads": downloads})

        _mark(act, name=method.__name__, title=title, permission=permission, icon=icon, offered=offered)
        return act

    return decorate


def _mark(
    act: Callable[..., HttpResponseBase], *, name: str, title: str, permission: str, icon: str, offered: Callable[[Any], bool]
) -> None:
    """Give a function what Unfold reads of an action, as its own decorator would."""
    vars(act).update(
        short_description=title,
        allowed_permissions=[permission],
        dialog={"title": title, "description": "", "form_class": None, "form_submit_text": ""},
        icon=icon,
        attrs={},
        variant=ActionVariant.DEFAULT,
        url_path=name.replace("_", "-"),
        original_function_name=name,
        offered=offered,
    )


def _row(admin: Any, request: HttpRequest, object_id: str | None) -> models.Model | None:
    """Return the row a deed is about, among those the user may see."""
    if object_id is None:
        return None
    shown: models.Model | None = admin.get_object(request, object_id)
    if shown is None:
        raise Http404
    return shown


def _answer(admin: Any, request: HttpRequest, done: Done, object_id: str | None) -> HttpResponseBase:
    """Say what happened: on the page the dialog was opened from, or in the dialog what is told only once."""
    if isinstance(done, HttpResponseBase):
        return done
    if isinstance(done, Told):
        answer = render(request, DIALOG, {"told": done})
        answer["Cache-Control"] = "no-store"
        return answer
    messages.success(request, done.text if isinstance(done, Gone) else done)
    page, arguments = ("change", [object_id]) if object_id and isinstance(done, str) else ("changelist", [])
    opts = admin.model._meta
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=arguments)
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"} if isinstance(done, str) else {"HX-Redirect": address})
    return HttpResponseRedirect(address)
