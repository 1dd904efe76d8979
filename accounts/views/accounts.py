"""Pages of accounts: what one holds and what happened on it; frozen, unfrozen, closed, its limit."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from access.pages import BankForm, DeedPage, ReasonForm, StaffPage
from accounts import selectors, services
from accounts.api.statements import csv_rows
from accounts.forms import AmountForm, LimitForm, written_decimal
from accounts.money import Money
from accounts.permissions import (
    CLOSE_ACCOUNT,
    FREEZE_ACCOUNT,
    LIMIT_ACCOUNT,
    UNFREEZE_ACCOUNT,
    VIEW_POSTING,
)
from accounts.selectors import AccountRow


class StatementCsv(StaffPage):
    """The whole statement as CSV."""

    needs = VIEW_POSTING

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> StreamingHttpResponse:  # type: ignore[override]  # noqa: ARG002  # a file, not a page
        """Send all that was booked, newest first; raises AccountUnknown."""
        number = kwargs["number"]
        account = selectors.account_by_number(number=number, reach=self.by)
        headers = {"Content-Disposition": f'attachment; filename="{account.number}.csv"'}
        return StreamingHttpResponse(csv_rows(number=number, reach=self.by), content_type="text/csv; charset=utf-8", headers=headers)


class AccountsDeed(DeedPage):
    """A deed about one account, from whose page it starts and to which it leads back."""

    form_class: ClassVar[type[BankForm]] = ReasonForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the account; raises AccountUnknown."""
        return super().get_context_data(**kwargs, account=self.account())

    def account(self) -> AccountRow:
        """Return what the page is about; raises AccountUnknown."""
        return selectors.account_by_number(number=self.number, reach=self.by)

    @property
    def number(self) -> str:
        """Return the number of the account that the page is about."""
        return str(self.kwargs["number"])

    def back(self) -> str:
        """Return the account's page."""
        return reverse("transfers:account", args=[self.number])

    def leads_to(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same place
        """Return the account's page."""
        return self.back()

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Do it to an account within reach; raises AccountUnknown and what the service raises."""
        selectors.require_account(by=self.by, number=self.number)
        return self.serve(form) or {}

    def serve(self, form: BankForm) -> Mapping[str, Any] | None:
        """Call the one service."""
        raise NotImplementedError


class Freeze(AccountsDeed):
    """Let nothing leave an account."""

    needs = FREEZE_ACCOUNT
    template_name = "accounts/account_freeze.html"

    def serve(self, form: BankForm) -> None:
        """Freeze the account."""
        services.freeze_account(number=self.number, reason=form.cleaned_data["reason"], by=self.by, now=timezone.now())

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say what holds now."""
        return _("The account is frozen: nothing leaves it until a supervisor unfreezes it.")


class Unfreeze(AccountsDeed):
    """Ask a second person to let money leave again."""

    needs = UNFREEZE_ACCOUNT
    template_name = "accounts/account_unfreeze.html"

    def serve(self, form: BankForm) -> None:
        """Ask for it."""
        services.ask_unfreeze(number=self.number, reason=form.cleaned_data["reason"], by=self.by, now=timezone.now())

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say who decides."""
        return _("Asked. The account stays frozen until a second person agrees.")


class CloseAccount(AccountsDeed):
    """Close an empty account for good."""

    needs = CLOSE_ACCOUNT
    template_name = "accounts/account_close.html"

    def serve(self, form: BankForm) -> None:
        """Close the account."""
        services.close_account(number=self.number, reason=form.cleaned_data["reason"], by=self.by, now=timezone.now())

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say what holds now."""
        return _("The account is closed and its cards are blocked.")


class AmountsDeed(AccountsDeed):
    """A deed about an amount in the account's currency."""

    def make_form(self, **arguments: Any) -> BankForm:
        """Return the form with the account's currency beside the amount."""
        assert issubclass(self.form_class, AmountForm)
        return self.form_class(currency=self.account().currency, **arguments)


class SetLimit(AmountsDeed):
    """Lower a credit limit at once, or ask a second person to raise it."""

    needs = LIMIT_ACCOUNT
    template_name = "accounts/account_limit.html"
    form_class = LimitForm

    def initial(self) -> dict[str, Any]:
        """Begin with the limit there is."""
        account = self.account()
        return {"amount": written_decimal(-(account.floor_minor or 0), account.currency)}

    def serve(self, form: BankForm) -> Mapping[str, Any]:
        """Set the limit, or ask."""
        written, currency = form.cleaned_data["amount"], self.account().currency
        limit_minor = 0 if not written.strip("0.") else Money.parse(written, currency).amount_minor
        approval = services.set_credit_limit(
            number=self.number, limit_minor=limit_minor, reason=form.cleaned_data["reason"], by=self.by, now=timezone.now()
        )
        return {"asked": approval is not None}

    def told(self, body: Mapping[str, Any]) -> str:
        """Say whether it holds or is asked for."""
        return _("Asked. The limit stays until a second person agrees.") if body["asked"] else _("The limit is set.")
