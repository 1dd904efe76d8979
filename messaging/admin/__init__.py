"""The conversation with other banks in the admin, and who they are."""

from messaging.admin import dead_letters, transport

__all__ = ["dead_letters", "transport"]
