"""How a refusal looks on the wire (RFC 9457)."""

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place of a request that does not fit: a JSON pointer into the body (RFC 6901), a query parameter or a header."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request was refused: `code` is stable, `type` leads to a page that explains it, `request_id` is in our log too.

    `next` is the cursor to go on with, where the one that was sent leads nowhere any more.
    """

    type: str
    title: str
    status: int
    code: str
    request_id: str
    detail: str = ""
    errors: tuple[Fault, ...] = ()
    next: str | None = None
