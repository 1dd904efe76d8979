"""Pages of cards: issued and replaced, with the number shown once; blocked and unblocked."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from access.pages import BankForm, DeedPage, ReasonForm
from accounts import selectors, services
from accounts.permissions import FREEZE_ACCOUNT, ISSUE_CARD
from accounts.selectors import CardRow
from accounts.services import IssuedCard
from accounts.views.accounts import AccountsDeed


class _IssuingPage(DeedPage):
    """A page that makes a card and shows its full number in the first answer only: it is kept nowhere."""

    card_number = ""

    def kept(self, issued: IssuedCard, *, account: str) -> Mapping[str, Any]:
        """Hold the number for this answer; return what may be kept of the card."""
        self.card_number = issued.full_number
        return {"account": account, "card": issued.card.last_four, "expires": issued.card.expires_date.isoformat()}

    def done(self, body: Mapping[str, Any], *, replayed: bool) -> HttpResponse:
        """Show the new card."""
        return self.show("accounts/card_issued.html", issued=body, card_number="" if replayed else self.card_number)


class IssueCard(_IssuingPage, AccountsDeed):
    """Issue a card to an account."""

    needs = ISSUE_CARD
    template_name = "accounts/card_issue.html"
    form_class = BankForm

    def serve(self, form: BankForm) -> Mapping[str, Any]:  # noqa: ARG002  # nothing to fill in
        """Issue the card."""
        return self.kept(services.issue_card(number=self.number, by=self.by, now=timezone.now()), account=self.number)


class _CardsDeed(DeedPage):
    """A deed about one card, from whose account's page it starts and to which it leads back."""

    form_class = ReasonForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the card; raises CardUnknown."""
        return super().get_context_data(**kwargs, card=self.card())

    def card(self) -> CardRow:
        """Return what the page is about; raises CardUnknown, also where it is out of reach."""
        card_id: UUID = self.kwargs["card_id"]
        selectors.require_card(by=self.by, card_id=card_id)
        return selectors.card_by_id(card_id=card_id)

    def back(self) -> str:
        """Return the account's page."""
        return reverse("transfers:account", args=[self.card().account])

    def leads_to(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same place
        """Return the account's page."""
        return self.back()

    def perform(self, form: BankForm) -> Mapping[str, Any]:
        """Do it to a card within reach."""
        return self.serve(self.card(), reason=form.cleaned_data["reason"]) or {}

    def serve(self, card: CardRow, *, reason: str) -> Mapping[str, Any] | None:
        """Call the one service."""
        raise NotImplementedError


class BlockCard(_CardsDeed):
    """Block a card."""

    needs = FREEZE_ACCOUNT
    template_name = "accounts/card_block.html"

    def serve(self, card: CardRow, *, reason: str) -> None:
        """Block the card."""
        services.block_card(card_id=card.id, reason=reason, by=self.by, now=timezone.now())

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say what holds now."""
        return _("The card is blocked.")


class UnblockCard(_CardsDeed):
    """Let a blocked card be used again."""

    needs = ISSUE_CARD
    template_name = "accounts/card_unblock.html"

    def serve(self, card: CardRow, *, reason: str) -> None:
        """Unblock the card."""
        services.unblock_card(card_id=card.id, reason=reason, by=self.by, now=timezone.now())

    def told(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # always the same words
        """Say what holds now."""
        return _("The card can be used again.")


class ReplaceCard(_IssuingPage, _CardsDeed):
    """End a card for good and issue another."""

    needs = ISSUE_CARD
    template_name = "accounts/card_replace.html"

    def serve(self, card: CardRow, *, reason: str) -> Mapping[str, Any]:
        """Replace the card."""
        return self.kept(services.replace_card(card_id=card.id, reason=reason, by=self.by, now=timezone.now()), account=card.account)
