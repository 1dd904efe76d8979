"""What an answer says while the database is not available."""

import logging
from typing import TypeVar

from django.http.response import HttpResponseBase

from access.database_errors import RETRY_AFTER_S, discard_connection, ends_connection, first_line

logger = logging.getLogger(__name__)
R = TypeVar("R", bound=HttpResponseBase)


def say_when_to_retry(response: R, error: BaseException) -> R:
    """Say when to come again, and give up the connection where it is no good; `lost` tells that a new one may do better."""
    response["Retry-After"] = str(RETRY_AFTER_S)
    vars(response)["lost"] = ends_connection(error)
    if ends_connection(error):
        discard_connection()
    logger.warning("database.unavailable", extra={"error": type(error).__name__, "detail": first_line(error)})
    return response
