"""Letting programs act for customers, and no longer."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from access import audit
from access.errors import ClientUnknown
from access.models import User
from access.permissions import require
from accounts import permissions
from accounts.errors import CustomerUnknown
from accounts.models import Mandate
from accounts.services.locking import lock_customer


def grant_mandate(*, user: User, customer_id: UUID, reason: str = "", by: User, now: datetime) -> None:
    """Let an API client act for a customer; safe to repeat. Raises NotAllowed, ClientUnknown, CustomerUnknown, CustomerClosed."""
    require(by=by, permission=permissions.GRANT_MANDATE)
    if not user.is_active:
        raise ClientUnknown(user=user.get_username())
    with transaction.atomic():
        customer = lock_customer(customer_id)
        if Mandate.objects.filter(user=user, customer=customer).exists():
            return
        Mandate.objects.create(user=user, customer=customer, granted_at=now)
        after = {"user": user.get_username()}
        audit.record(actor=by, action="mandate.granted", subject=str(customer_id), after=after, reason=reason, now=now)


def revoke_mandate(*, user: User, customer_id: UUID, reason: str = "", by: User, now: datetime) -> None:
    """Let an API client act for a customer no longer, from its next request on. Raises NotAllowed, CustomerUnknown where it does not."""
    require(by=by, permission=permissions.GRANT_MANDATE)
    with transaction.atomic():
        mandate = Mandate.objects.select_for_update(no_key=True).filter(user=user, customer_id=customer_id).first()
        if mandate is None:
            raise CustomerUnknown(customer=str(customer_id))
        mandate.delete()
        before = {"user": user.get_username(), "granted_at": mandate.granted_at.isoformat()}
        audit.record(actor=by, action="mandate.revoked", subject=str(customer_id), before=before, reason=reason, now=now)
