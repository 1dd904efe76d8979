"""Telling the world what the register says."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from access import audit
from access.models import User
from headbank import selectors
from headbank.errors import NothingToPublish
from headbank.permissions import PUBLISH_DIRECTORY
from headbank.services.locking import lock_register, permit
from messaging import directory, documents, signing


@dataclass(frozen=True, kw_only=True)
class Published:
    """A version of the directory; `is_new` is false when the register had not changed since it was announced."""

    version: int
    document: documents.Document
    is_new: bool


def announce(*, now: datetime) -> int:
    """Have the register as it is now published by the relay, in the transaction that changed it; return the version."""
    lock_register()
    return directory.announce(banks=selectors.banks_of_directory(), now=now)


def announce_register(*, by: User, reason: str, now: datetime) -> int:
    """Have the relay sign and publish the register as it is; return the version, which is the old one where nothing had changed.

    Raises NotAllowed, NotTheHeadBank, ReasonMissing, NothingToPublish.
    """
    permit(by=by, permission=PUBLISH_DIRECTORY, reason=reason)
    with transaction.atomic():
        if not selectors.banks_of_directory():
            raise NothingToPublish
        version = announce(now=now)
        audit.record(actor=by, action="directory.announced", subject=str(version), reason=reason, now=now)
    return version


def publish_directory(*, key: signing.SigningKey, by: User, now: datetime) -> Published:
    """Announce what has not been announced yet and sign it here and now, for a file or where no relay runs.

    Raises NotAllowed, NotTheHeadBank, NothingToPublish.
    """
    permit(by=by, permission=PUBLISH_DIRECTORY)
    with transaction.atomic():
        if not selectors.banks_of_directory():
            raise NothingToPublish
        last = directory.current()
        version = announce(now=now)
        document = directory.signed(key=key)
        assert document is not None, "it was announced a moment ago"
        is_new = last is None or last.value != document.value or last.key_id != document.key_id
        if is_new:
            audit.record(actor=by, action="directory.published", subject=str(version), now=now)
    return Published(version=version, document=document, is_new=is_new)
