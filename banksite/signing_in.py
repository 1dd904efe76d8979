"""Pages around a session: signing in with both factors, locking, unlocking, signing out, and the second factor itself."""

from collections.abc import Mapping
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from access import second_factor
from access.models import User
from access.pages import BankForm, StaffPage
from banksite import locking
from banksite.problems import locked_out

_HALF_WAY, _SECRET = "half_way", "second_factor_secret"
_HALF_WAY_S = 300
_BACKEND = "access.backends.RoleBackend"


class SignInForm(BankForm, AuthenticationForm):
    """Who signs in; which of both is wrong is not said."""

    username = UsernameField(
        label=_("User name"),
        widget=forms.TextInput(attrs={"autofocus": True, "autocapitalize": "none", "autocomplete": "username", "spellcheck": "false"}),
    )
    error_messages = {"invalid_login": _("The user name or the password is not right. Capital letters count.")}


class SignIn(LoginView):
    """Sign a member of staff in, or lead who has a second factor on to its page."""

    template_name = "banksite/sign_in.html"
    authentication_form = SignInForm

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Go on after the right password."""
        user = form.get_user()
        if not second_factor.has_second_factor(user):
            return super().form_valid(form)
        self.request.session.cycle_key()
        self.request.session[_HALF_WAY] = {"user": user.pk, "at": int(timezone.now().timestamp()), "next": self.get_success_url()}
        return HttpResponseRedirect(reverse("sign-in-code"))


class CodeForm(BankForm):
    """A code of the second factor."""

    code = forms.CharField(
        label=_("Code"),
        help_text=_("The six digits that your app shows now, or one of your recovery codes."),
        max_length=20,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "one-time-code", "inputmode": "numeric", "class": "figure"}),
        error_messages={"required": _("Enter the code.")},
    )


class SignInCode(View):
    """The second step of signing in; wrong codes count as wrong passwords do."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Go on only for a while after the right password."""
        half_way = request.session.get(_HALF_WAY)
        if not half_way or timezone.now().timestamp() - half_way["at"] > _HALF_WAY_S:
            return HttpResponseRedirect(reverse("sign-in"))
        self.user, self.leads_to = User.objects.get(pk=half_way["user"]), half_way["next"]
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the code."""
        return render(request, "banksite/sign_in_code.html", {"form": CodeForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Sign in with the right code."""
        form, who = CodeForm(request.POST), {"username": self.user.get_username()}
        if AxesProxyHandler.is_locked(request, who):
            return locked_out(request, None, who)
        if form.is_valid():
            if self.user.is_active and second_factor.is_right(user=self.user, code=form.cleaned_data["code"]):
                login(request, self.user, backend=_BACKEND)
                request.session.pop(_HALF_WAY, None)
                return HttpResponseRedirect(self.leads_to)
            user_login_failed.send(sender=__name__, credentials=who, request=request)
            form.add_error("code", _now("This code is not right, or was used before."))
        return render(request, "banksite/sign_in_code.html", {"form": form})


class SignOut(LogoutView):
    """Sign out, by POST only."""


class Lock(View):
    """Lock the session at once."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Lock, and lead to the page that unlocks and back."""
        if request.user.is_authenticated:
            locking.lock(request.session)
        return HttpResponseRedirect(f"{reverse('locked')}?{urlencode({'next': _inside(request, request.POST.get('next', '/'))})}")


class PasswordForm(BankForm):
    """The password of who is signed in."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autofocus": True, "autocomplete": "current-password"}),
        error_messages={"required": _("Enter your password.")},
    )


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class Locked(View):
    """Unlock a session with its owner's password, and lead back to where they were."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the password, of who has come here unlocked nothing."""
        leads_to = _inside(request, request.GET.get("next", "/"))
        if not request.user.is_authenticated or not locking.is_locked(request.session):
            return HttpResponseRedirect(leads_to)
        return self._draw(request, PasswordForm(), leads_to)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Unlock."""
        leads_to, form = _inside(request, request.POST.get("next", "/")), PasswordForm(request.POST)
        if not request.user.is_authenticated:
            return HttpResponseRedirect(leads_to)
        if form.is_valid():
            found = authenticate(request, username=request.user.get_username(), password=form.cleaned_data["password"])
            if found is not None and found.pk == request.user.pk:
                locking.unlock(request.session)
                return HttpResponseRedirect(leads_to)
            form.add_error("password", _now("The password is not right. Capital letters count."))
        return self._draw(request, form, leads_to)

    def _draw(self, request: HttpRequest, form: BankForm, leads_to: str) -> HttpResponse:
        return render(request, "banksite/locked.html", {"form": form, "next": leads_to, "is_locked": True})


class SecondFactor(StaffPage):
    """Enrol in the second factor, or give it up; both ask for proof."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Show what there is, or what an app needs."""
        if second_factor.has_second_factor(self.by):
            return self._draw(PasswordForm(), is_enrolled=True)
        request.session[_SECRET] = second_factor.new_secret()
        return self._draw(CodeForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Give up with the password, or enrol with the first code."""
        return self._give_up(request) if second_factor.has_second_factor(self.by) else self._enrol(request)

    def _enrol(self, request: HttpRequest) -> HttpResponse:
        form, secret = CodeForm(request.POST), request.session.get(_SECRET, "")
        if not secret:
            return HttpResponseRedirect(request.path)
        if form.is_valid():
            codes = second_factor.enrol(user=self.by, secret=secret, code=form.cleaned_data["code"])
            if codes is not None:
                del request.session[_SECRET]
                return render(request, "banksite/recovery_codes.html", {"codes": codes})
            form.add_error("code", _now("This is not the code that belongs to the picture now. Take the next one."))
        return self._draw(form)

    def _give_up(self, request: HttpRequest) -> HttpResponse:
        form = PasswordForm(request.POST)
        if form.is_valid():
            if authenticate(request, username=self.by.get_username(), password=form.cleaned_data["password"]) == self.by:
                second_factor.give_up(user=self.by)
                messages.success(request, _now("Signing in asks for no code any more."))
                return HttpResponseRedirect(request.path)
            form.add_error("password", _now("The password is not right. Capital letters count."))
        return self._draw(form, is_enrolled=True)

    def _draw(self, form: BankForm, *, is_enrolled: bool = False) -> HttpResponse:
        shown: Mapping[str, Any] = {"form": form, "is_enrolled": is_enrolled}
        if not is_enrolled:
            shown = {**shown, "offer": second_factor.offer(user=self.by, secret=self.request.session[_SECRET])}
        return render(self.request, "banksite/second_factor.html", {**shown})


def _inside(request: HttpRequest, address: str) -> str:
    """Return the address if it lies on this site, else the first page."""
    return (
        address if url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}, require_https=request.is_secure()) else "/"
    )
