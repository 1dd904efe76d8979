"""Writing answers: structs, ids and times as JSON."""

from collections.abc import Mapping
from typing import Any

import msgspec
from rest_framework.renderers import BaseRenderer


class Json(BaseRenderer):
    """Write JSON as msgspec does: times in RFC 3339, ids as text, fields in the order in which they are described."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None) -> bytes:  # noqa: ARG002  # DRF passes them
        """Return the bytes; nothing for None."""
        return b"" if data is None else msgspec.json.encode(data)
