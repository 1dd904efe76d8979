"""Applications: a bank that staff invited says who it is, under its own key, and then waits for two persons."""

import hashlib
import secrets
from datetime import datetime, timedelta

import msgspec
from django.db import transaction

from access import audit
from access.models import User
from access.site import this_bank
from headbank.errors import ApplicationRefused, BankExists, InvitationUnknown
from headbank.models import Bank, BankKey, Invitation
from headbank.permissions import MANAGE_BANKS
from headbank.services.locking import permit
from headbank.services.register import add_bank, check_code
from messaging import documents, envelope, signing
from messaging.documents import Document, File
from messaging.errors import Unreadable
from messaging.events import BANK_APPLIED, BankApplied

VALID_FOR = timedelta(days=7)


def invite_bank(*, code: str, by: User, reason: str = "", now: datetime) -> str:
    """Return a one-time code with which the bank may apply within a week; only its digest is kept, so it is shown once.

    Raises NotAllowed, NotTheHeadBank, BankInvalid, BankExists for a bank that is more than an applicant.
    """
    permit(by=by, permission=MANAGE_BANKS)
    check_code(code)
    one_time_code = secrets.token_hex(16)  # no dash, which a command line would take for an option
    with transaction.atomic():
        if Bank.objects.filter(code=code).exclude(status=Bank.Status.APPLIED).exists():
            raise BankExists(bank=code)
        digest = _digest(one_time_code)
        Invitation.objects.create(digest=digest, bank=code, invited_by=by, invited_at=now, expires_at=now + VALID_FOR)
        audit.record(actor=by, action="bank.invited", subject=code, reason=reason, now=now)
    return one_time_code


def application_of(file: File) -> Document:
    """Return the application as it was handed in; raise ApplicationRefused for what is no document."""
    try:
        return documents.document_of(file)
    except ValueError as error:
        raise ApplicationRefused(why=f"this is not the file of an application ({error})") from error


def receive_application(*, document: Document, now: datetime) -> str:
    """Keep a bank's application until two persons approve it; return the bank's code.

    The same document again changes nothing. With a new code a bank that still waits may apply anew, which replaces what it said before.
    Raises ApplicationRefused, InvitationUnknown, BankInvalid, BankExists, KeyTaken.
    """
    said = _read(document)
    facts = msgspec.to_builtins(said)
    digest = _digest(facts.pop("one_time_code"))
    with transaction.atomic():
        invitation = Invitation.objects.select_for_update(no_key=True).filter(digest=digest, bank=said.code).first()
        if invitation is not None and invitation.used_at is not None and BankKey.objects.filter(bank=said.code, public_key=said.public_key):
            return said.code
        if invitation is None or invitation.used_at is not None or invitation.expires_at <= now:
            raise InvitationUnknown(bank=said.code)
        _forget_earlier(said.code)
        add_bank(code=said.code, facts=facts, status=Bank.Status.APPLIED, by=None, reason="", now=now)
        Invitation.objects.filter(digest=digest).update(used_at=now)
    return said.code


def _read(document: Document) -> BankApplied:
    """Return what a bank says of itself once the key it names has signed it, for this head bank."""
    if len(document.value) > envelope.MAX_VALUE_BYTES:
        raise ApplicationRefused(why="it is too large")
    try:
        outside = envelope.decode(document.value)
        said = msgspec.json.decode(outside.data, type=BankApplied)
    except (Unreadable, ValueError) as error:
        raise ApplicationRefused(why=f"it cannot be read ({error})") from error
    if (outside.source, outside.destination, outside.type) != (said.code, this_bank().code, BANK_APPLIED):
        raise ApplicationRefused(why=f"it is not an application of {said.code} to {this_bank().code}")
    if document.key_id != signing.key_id_of(public_key=said.public_key) or not signing.is_signed(
        public_key=said.public_key, domain=signing.Domain.APPLICATION, value=document.value, signature=document.signature
    ):
        raise ApplicationRefused(why="it is not signed by the key it names")
    return said


def _forget_earlier(code: str) -> None:
    """Let an applicant say anew who it is: nobody was ever told of what it said before. Raises BankExists for more than an applicant."""
    known = Bank.objects.select_for_update(no_key=True).filter(code=code).first()
    if known is not None and known.status != Bank.Status.APPLIED:
        raise BankExists(bank=code)
    BankKey.objects.filter(bank=code).delete()
    Bank.objects.filter(code=code).delete()


def _digest(one_time_code: str) -> str:
    return hashlib.sha256(one_time_code.encode()).hexdigest()
