"""The problems of HTTP itself, by status."""

from collections.abc import Mapping
from typing import NamedTuple


class Plain(NamedTuple):
    """A problem of HTTP itself, before any of ours."""

    code: str
    title: str
    detail: str


PLAIN: Mapping[int, Plain] = {
    400: Plain("bad-request", "The request cannot be understood.", "Compare it with its description at /docs."),
    403: Plain("forbidden", "You may not do this.", "Ask an administrator for a role that may."),
    404: Plain("not-found", "Nothing is here.", "Either it does not exist or you may not see it; /docs lists every address."),
    405: Plain("method-not-allowed", "This cannot be done here.", "The header Allow names what can."),
    406: Plain("not-acceptable", "No such format is offered.", "Accept application/json."),
    415: Plain("unsupported-media-type", "The body is not JSON.", "Send it as application/json."),
    503: Plain("database-unavailable", "The database does not answer now.", "Repeat it with the same key after Retry-After seconds."),
    500: Plain("internal-error", "Something went wrong on our side.", "Whether it was done is unknown: repeat it with the same key."),
}
