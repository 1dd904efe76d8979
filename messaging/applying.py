"""A bank's application to the head bank, written down and signed with the key that is to speak for it."""

from datetime import datetime
from pathlib import Path

import msgspec
from uuid_utils.compat import uuid7

from access.site import this_bank
from messaging import documents, envelope, signing
from messaging.documents import Document
from messaging.errors import ApplicationInvalid
from messaging.events import BANK_APPLIED, BankApplied


def write_application(*, one_time_code: str, contact: str, site_url: str, api_url: str, key_file: Path, now: datetime) -> Document:
    """Return this bank's application, under its own signature; raise ApplicationInvalid, KeyFileUnusable."""
    bank, key = this_bank(), signing.load_key_file(file=key_file)
    said = {
        "code": bank.code,
        "name": bank.name,
        "contact": contact,
        "site_url": site_url,
        "api_url": api_url,
        "partitions": bank.letter_box_partitions,
        "public_key": key.public_key,
        "one_time_code": one_time_code,
    }
    try:
        data = msgspec.convert(said, type=BankApplied)
    except msgspec.ValidationError as error:
        raise ApplicationInvalid(why=str(error)) from error
    value = envelope.encode(id=uuid7(), source=bank.code, destination=bank.head_bank_code, type=BANK_APPLIED, time=now, data=data)
    return documents.sign(value=value, key=key, domain=signing.Domain.APPLICATION)
