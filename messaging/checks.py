"""What must be in order before a relay, a consumer or a web process starts; run by those entry points only."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Error as CheckError
from django.db import Error, connection

from access.database_errors import is_unavailable
from access.pooling import shares_sessions
from access.site import this_bank
from messaging.errors import KeyFileUnusable
from messaging.signing import load_key_file

RELAY, CONSUMER, WEB = "relay", "consumer", "web"


@register(RELAY, deploy=True)
def check_message_key(**_: Any) -> list[CheckMessage]:
    """Demand a usable key to sign with."""
    return _key(this_bank().message_key_file, "MESSAGE_KEY_FILE", "messaging.E001")


@register(WEB, deploy=True)
def check_token_key(**_: Any) -> list[CheckMessage]:
    """Demand a usable key to sign tokens with."""
    return _key(this_bank().token_key_file, "TOKEN_KEY_FILE", "messaging.E002")


@register(CONSUMER, deploy=True)
def check_offset_reset(**_: Any) -> list[CheckMessage]:
    """Demand that a consumer without a place begins at the earliest record: with `latest` it would skip money."""
    if settings.KAFKA_AUTO_OFFSET_RESET == "earliest":
        return []
    hint = "Remove the override of KAFKA_AUTO_OFFSET_RESET."
    return [CheckError("auto.offset.reset must be earliest.", hint=hint, id="messaging.E003")]


@register(CONSUMER, deploy=True)
def check_head_bank_key(**_: Any) -> list[CheckMessage]:
    """Demand the one key from which all trust in other banks comes."""
    if this_bank().is_head_bank or re.fullmatch("[0-9a-f]{64}", this_bank().head_bank_key):
        return []
    hint = "Set HEAD_BANK_KEY to the head bank's public key, 64 hex digits, as its `show_key --use messages` prints it."
    return [CheckError("The head bank's key is missing or malformed.", hint=hint, id="messaging.E004")]


@register(RELAY, CONSUMER, WEB, deploy=True)
def check_sessions(**_: Any) -> list[CheckMessage]:
    """Demand a session of its own for each connection; a database that is away is waited for, and judged at the next start."""
    try:
        if not shares_sessions(connection):
            return []
    except Error as error:
        if not is_unavailable(error):
            raise
        return []
    hint = "Let DATABASE_URL name PostgreSQL itself: a pooler such as PgBouncer in transaction mode gives a session to several connections."
    return [CheckError("The database does not give each connection a session of its own.", hint=hint, id="messaging.E005")]


def _key(file: Path | None, variable: str, code: str) -> list[CheckMessage]:
    """Return what is wrong with a key file."""
    if file is None:
        return [CheckError(f"{variable} is not set.", hint="Create a key with `create_key` and name its file.", id=code)]
    try:
        load_key_file(file=file)
    except KeyFileUnusable as error:
        return [CheckError(str(error), hint=f"Mend or replace the file that {variable} names.", id=code)]
    return []
