"""Where a request comes from: behind proxies of ours the address that the outermost of them saw."""

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

_SITE_BITS = 64  # of an IPv6 address belong to one customer's line; the rest that customer may choose at will


def client_address(request: HttpRequest) -> str:
    """Return the network that a client cannot change at will: its IPv4 address, or the /64 of its IPv6 address.

    Each of TRUSTED_PROXIES appends the address it was called from, so the client's is counted from the right; what a client
    wrote into the header itself stands further left and is not read.
    """
    here = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",") if hop.strip()]
    seen = [*hops, here][-1 - settings.TRUSTED_PROXIES :] if settings.TRUSTED_PROXIES else [here]
    found = _read(seen[0]) or _read(here)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, _SITE_BITS), strict=False).network_address)
    return str(found) if found else ""


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address without the port that some proxies write beside it."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text.rpartition(":")[0] if text.count(":") == 1 else text
    with suppress(ValueError):
        address = ip_address(bare)
        return getattr(address, "ipv4_mapped", None) or address
    return None
