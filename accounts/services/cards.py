"""Cards: issued, blocked, unblocked, replaced."""

import secrets
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from access import audit
from access.models import User
from access.permissions import require
from accounts import cards, permissions
from accounts.errors import CardStatusWrong, CardUnknown
from accounts.models import Card
from accounts.services.locking import lock_customer_account

Status = Card.Status
_VALID_YEARS = 4


class IssuedCard(NamedTuple):
    """A new card and its full number, which nothing keeps: whoever receives this shows it once."""

    card: Card
    full_number: str


def issue_card(*, number: str, by: User, now: datetime) -> IssuedCard:
    """Issue a card to the account of this number.

    Raises NotAllowed, AccountUnknown, AccountInternal, AccountClosed.
    """
    require(by=by, permission=permissions.ISSUE_CARD)
    with transaction.atomic():
        return make_card(account_id=lock_customer_account(number=number).id, by=by, now=now)


def make_card(*, account_id: int, by: User, now: datetime) -> IssuedCard:
    """Make and audit a card inside the caller's transaction, the account being locked or new."""
    full_number = cards.new_number()
    card = Card.objects.create(
        token=secrets.token_urlsafe(32),
        account_id=account_id,
        brand=cards.BRAND,
        last_four=full_number[-4:],
        expires_date=_first_day_invalid(now),
        issued_at=now,
    )
    audit.record(actor=by, action="card.issued", subject=str(card.id), after={"last_four": card.last_four}, now=now)
    return IssuedCard(card, full_number)


def block_card(*, card_id: UUID, reason: str, by: User, now: datetime) -> None:
    """Block an active card; raises NotAllowed, ReasonMissing, CardUnknown, CardStatusWrong."""
    require(by=by, permission=permissions.FREEZE_ACCOUNT, reason=reason)
    with transaction.atomic():
        _change(card_id, (Status.ACTIVE,), Status.BLOCKED, by=by, now=now, reason=reason)


def unblock_card(*, card_id: UUID, reason: str, by: User, now: datetime) -> None:
    """Let a blocked card be used again; raises NotAllowed, ReasonMissing, CardUnknown, CardStatusWrong."""
    require(by=by, permission=permissions.ISSUE_CARD, reason=reason)
    with transaction.atomic():
        _change(card_id, (Status.BLOCKED,), Status.ACTIVE, by=by, now=now, reason=reason)


def replace_card(*, card_id: UUID, reason: str, by: User, now: datetime) -> IssuedCard:
    """End a card for good and issue another to the same account.

    Raises NotAllowed, CardUnknown, CardStatusWrong when it was replaced before, AccountClosed.
    """
    require(by=by, permission=permissions.ISSUE_CARD)
    with transaction.atomic():
        number = Card.objects.filter(id=card_id).values_list("account__number", flat=True).first()
        if number is None:
            raise CardUnknown(card=str(card_id))
        account = lock_customer_account(number=number)
        _change(card_id, (Status.ACTIVE, Status.BLOCKED), Status.REPLACED, by=by, now=now, reason=reason)
        return make_card(account_id=account.id, by=by, now=now)


def _change(card_id: UUID, old: tuple[Status, ...], new: Status, *, by: User, now: datetime, reason: str) -> None:
    """Give the card a new status if it has one of the old ones."""
    status = Card.objects.select_for_update(no_key=True).filter(id=card_id).values_list("status", flat=True).first()
    if status is None:
        raise CardUnknown(card=str(card_id))
    if status not in old:
        raise CardStatusWrong(card=str(card_id), status=status)
    Card.objects.filter(id=card_id).update(status=new)
    audit.record(
        actor=by, action=f"card.{new.value}", subject=str(card_id), before={"status": status}, after={"status": new}, reason=reason, now=now
    )


def _first_day_invalid(now: datetime) -> date:
    """Return the first day on which the card is no longer valid."""
    return date(now.year + _VALID_YEARS + (now.month == 12), now.month % 12 + 1, 1)
