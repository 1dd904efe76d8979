"""Ordering money to move: cash through the teller's till, and payments."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from access.errors import DomainError
from access.pages import BankForm, StaffPage
from access.site import this_bank
from accounts import selectors as ledger_selectors
from accounts.money import Money
from accounts.permissions import VIEW_CUSTOMER
from accounts.selectors.tills import open_tills
from transfers import permissions, selectors, services
from transfers.forms import CashForm, PayForm
from transfers.orders import Accepted, Deposit, Order, Payment, Withdrawal
from transfers.views.checked import CheckedDeed


class Ordering(CheckedDeed):
    """An order that a form makes."""

    def order(self, form: BankForm) -> Deposit | Withdrawal | Payment:
        """Return the order; raises AccountUnknown, AmountInvalid."""
        raise NotImplementedError

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Submit the order; raises its refusal."""
        accepted = self._submit(self.order(form))
        return {"transfer_id": str(accepted.transfer_id)}

    def rehearse(self, form: BankForm) -> dict[str, Any]:
        """Return what would become of the order; raises its refusal."""
        order = self.order(form)
        accepted = self._submit(order, dry_run=True)
        fee = this_bank().outgoing_fees.get(order.amount.currency, 0) if accepted.kind == "outgoing" else 0
        return {"order": order, "accepted": accepted, "waits": accepted.status == "awaiting-approval", "fee_minor": fee}

    def _submit(self, order: Order, *, dry_run: bool = False) -> Accepted:
        [outcome] = services.submit(orders=[order], by=self.by, now=timezone.now(), dry_run=dry_run)
        if isinstance(outcome, DomainError):
            raise outcome
        return outcome


class CashDesk(Ordering):
    """Cash over the counter, through the till of whoever is signed in."""

    form_class = CashForm
    template_name = "transfers/cash.html"
    check_template = "transfers/cash_check.html"
    kind: ClassVar[str]
    makes: ClassVar[type[Deposit] | type[Withdrawal]]

    def initial(self) -> dict[str, Any]:
        """Start with the account the page was opened for."""
        return {"account": self.request.GET.get("account", "")[:34]}

    def back(self) -> str:
        """Return the account's page, or the desk."""
        number = self.request.GET.get("account", "")
        return reverse("transfers:account", args=[number]) if number and "/" not in number else "/"

    def order(self, form: BankForm) -> Deposit | Withdrawal | Payment:
        """Return the order in the account's currency."""
        given = form.cleaned_data
        account = ledger_selectors.account_by_number(number=given["account"], reach=self.by)
        amount = Money.parse(given["amount"], account.currency)
        return self.makes(account=account.number, amount=amount, reference=given["reference"], at_till=True)

    def rehearse(self, form: BankForm) -> dict[str, Any]:
        """Add whose account it is."""
        shown = super().rehearse(form)
        account = ledger_selectors.account_by_number(number=form.cleaned_data["account"], reach=self.by)
        return shown | {"account": account, "kind": self.kind}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the teller's open tills: without one there is no cash."""
        return super().get_context_data(**kwargs, kind=self.kind, tills=open_tills(teller=self.by))


class DepositPage(CashDesk):
    """Take in cash."""

    needs, kind, makes = permissions.DEPOSIT, "deposit", Deposit


class WithdrawalPage(CashDesk):
    """Pay out cash."""

    needs, kind, makes = permissions.WITHDRAW, "withdrawal", Withdrawal


class PayPage(Ordering):
    """Pay another account, here or at another bank."""

    needs = permissions.PAY
    form_class = PayForm
    template_name = "transfers/pay.html"
    check_template = "transfers/pay_check.html"

    def initial(self) -> dict[str, Any]:
        """Start with the account the page was opened for."""
        return {"debtor": self.request.GET.get("from", "")[:34]}

    def back(self) -> str:
        """Return the account's page, or the desk."""
        number = self.request.GET.get("from", "")
        return reverse("transfers:account", args=[number]) if number and "/" not in number else "/"

    def order(self, form: BankForm) -> Deposit | Withdrawal | Payment:
        """Return the order in the debtor's currency."""
        given = form.cleaned_data
        account = ledger_selectors.account_by_number(number=given["debtor"], reach=self.by)
        return Payment(
            debtor=account.number,
            creditor=given["creditor"],
            creditor_name=given["creditor_name"],
            amount=Money.parse(given["amount"], account.currency),
            reference=given["reference"],
        )

    def rehearse(self, form: BankForm) -> dict[str, Any]:
        """Add who pays and where the money goes."""
        shown = super().rehearse(form)
        account = ledger_selectors.account_by_number(number=form.cleaned_data["debtor"], reach=self.by)
        place = selectors.place_of(number=form.cleaned_data["creditor"], knows_names=self.may(VIEW_CUSTOMER))
        return shown | {"account": account, "place": place}


class CreditorHint(StaffPage):
    """Say while somebody types where the money would go."""

    needs = permissions.PAY

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002  # Django passes them
        """Answer with a line of text."""
        number = "".join(request.GET.get("creditor", "").split()).upper()[:34]
        place = selectors.place_of(number=number, knows_names=self.may(VIEW_CUSTOMER))
        return render(request, "transfers/creditor.html", {"place": place, "fees": this_bank().outgoing_fees, "is_typed": len(number) > 8})
