"""Endpoints: registered, changed, disabled, enabled, given a new secret."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from access import audit
from access.models import User
from access.permissions import require
from transfers import permissions as of_transfers
from transfers import stream
from transfers.stream import Place
from webhooks import permissions, signing, vault
from webhooks.errors import TooManyWebhooks, WebhookActive, WebhookDisabled
from webhooks.models import Delivery, Endpoint
from webhooks.rules import refusal_of, target_of
from webhooks.services.configuration import policy
from webhooks.services.locking import lock_endpoint, lock_own

MOST = 20
OVERLAP = timedelta(days=1)  # in which the previous secret still signs


class Registered(NamedTuple):
    """An endpoint and its new secret, which is kept sealed: whoever receives this shows it once."""

    id: UUID
    secret: str


def register_endpoint(
    *, url: str, events: Sequence[str], after: Place | None, addresses: Sequence[str], by: User, now: datetime
) -> Registered:
    """Register an endpoint of the user for the named events, all when none is named, from now on or from a place in the stream.

    `addresses` are those of the URL's host, looked up before: a transaction waits for no name server.
    Raises NotAllowed, WebhookUrlInvalid, WebhookAddressRefused, TooManyWebhooks.
    """
    require(by=by, permission=permissions.MANAGE)
    require(by=by, permission=of_transfers.VIEW)
    _judge(url, addresses)
    endpoint_id, secret = uuid7(), signing.new_secret()
    place = after or stream.end()
    with transaction.atomic():
        _require_room(by.pk)
        endpoint = Endpoint.objects.create(
            id=endpoint_id,
            owner=by,
            url=url,
            events=sorted(set(events)),
            secret=vault.seal(secret, of=endpoint_id),
            place_xid=place.xid,
            place_id=place.id,
            next_at=now,
            created_at=now,
        )
        after_ = {"url": endpoint.url, "events": endpoint.events}
        audit.record(actor=by, action="webhook.registered", subject=subject_of(endpoint_id), after=after_, now=now)
    return Registered(endpoint_id, secret)


def change_endpoint(
    *,
    endpoint_id: UUID,
    url: str | None = None,
    events: Sequence[str] | None = None,
    addresses: Sequence[str] = (),
    by: User,
    now: datetime,
) -> None:
    """Give an endpoint of the user another URL or other events; what is None stays. What waits goes to the new URL, at once.

    Raises NotAllowed, WebhookUrlInvalid, WebhookAddressRefused, WebhookUnknown, NotYourWebhook.
    """
    require(by=by, permission=permissions.MANAGE)
    changed: dict[str, Any] = {}
    if url is not None:
        _judge(url, addresses)
        changed |= {"url": url}
    if events is not None:
        changed |= {"events": sorted(set(events))}
    with transaction.atomic():
        endpoint = lock_own(endpoint_id=endpoint_id, by=by)
        before = {name: getattr(endpoint, name) for name in changed}
        Endpoint.objects.filter(id=endpoint_id).update(**changed)
        if url is not None:
            _begin_anew(endpoint_id, now=now)
        audit.record(actor=by, action="webhook.changed", subject=subject_of(endpoint_id), before=before, after=changed, now=now)


def disable_endpoint(*, endpoint_id: UUID, reason: str, by: User, now: datetime) -> None:
    """Deliver nothing to an endpoint until it is enabled; what waits is kept.

    Raises NotAllowed, ReasonMissing, WebhookUnknown, WebhookDisabled.
    """
    require(by=by, permission=permissions.MANAGE, reason=reason)
    with transaction.atomic():
        endpoint = lock_endpoint(endpoint_id=endpoint_id, by=by)
        if endpoint.disabled_at is not None:
            raise WebhookDisabled(webhook=str(endpoint_id), why=endpoint.disabled_why)
        disable_each({endpoint_id: reason}, actor=by, now=now)


def enable_endpoint(*, endpoint_id: UUID, reason: str = "", by: User, now: datetime) -> None:
    """Deliver to an endpoint again, from where it stopped. Raises NotAllowed, WebhookUnknown, WebhookActive, TooManyWebhooks."""
    require(by=by, permission=permissions.MANAGE)
    with transaction.atomic():
        endpoint = lock_endpoint(endpoint_id=endpoint_id, by=by)
        if endpoint.disabled_at is None:
            raise WebhookActive(webhook=str(endpoint_id))
        _require_room(endpoint.owner_id)
        Endpoint.objects.filter(id=endpoint_id).update(disabled_at=None, disabled_why="")
        _begin_anew(endpoint_id, now=now)
        before = {"disabled_why": endpoint.disabled_why}
        audit.record(actor=by, action="webhook.enabled", subject=subject_of(endpoint_id), before=before, reason=reason, now=now)


def rotate_secret(*, endpoint_id: UUID, reason: str = "", by: User, now: datetime) -> Registered:
    """Give an endpoint of the user a new secret; the one it had signs beside it for a day.

    Raises NotAllowed, WebhookUnknown, NotYourWebhook.
    """
    require(by=by, permission=permissions.MANAGE)
    secret = signing.new_secret()
    with transaction.atomic():
        endpoint = lock_own(endpoint_id=endpoint_id, by=by)
        sealed = vault.seal(secret, of=endpoint_id)
        Endpoint.objects.filter(id=endpoint_id).update(secret=sealed, previous_secret=endpoint.secret, previous_until=now + OVERLAP)
        audit.record(actor=by, action="webhook.secret-rotated", subject=subject_of(endpoint_id), reason=reason, now=now)
    return Registered(endpoint_id, secret)


def disable_each(why: dict[UUID, str], *, actor: User | None, now: datetime) -> None:
    """Disable locked endpoints, each for its reason, in the caller's transaction; an actor of None is the bank itself."""
    for reason in set(why.values()):
        Endpoint.objects.filter(id__in=[id_ for id_, said in why.items() if said == reason]).update(disabled_at=now, disabled_why=reason)
    audit.record_each(
        audit.Event(actor=actor, action="webhook.disabled", subject=subject_of(id_), reason=reason, at=now) for id_, reason in why.items()
    )


def subject_of(endpoint_id: UUID) -> str:
    """Return how the audit trail names an endpoint."""
    return f"webhook:{endpoint_id}"


def _require_room(owner_id: int) -> None:
    """Raise TooManyWebhooks where the owner has no room for one more that is active; two at once would both see it without the lock."""
    User.objects.select_for_update(no_key=True).get(pk=owner_id)
    if Endpoint.objects.filter(owner_id=owner_id, disabled_at__isnull=True).count() >= MOST:
        raise TooManyWebhooks(limit=MOST)


def _begin_anew(endpoint_id: UUID, *, now: datetime) -> None:
    """Send what waits for a locked endpoint at once and as patiently as if nothing had failed."""
    Endpoint.objects.filter(id=endpoint_id).update(failures=0, failing_since=None, next_at=now)
    Delivery.objects.filter(endpoint_id=endpoint_id, finished_at__isnull=True).update(asked_at=now, next_at=now)


def _judge(url: str, addresses: Sequence[str]) -> None:
    refusal = refusal_of(target=target_of(url), addresses=addresses, policy=policy())
    if refusal is not None:
        raise refusal
