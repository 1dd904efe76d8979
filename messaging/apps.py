"""The messaging app."""

from importlib import import_module

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Name the app for Django."""

    name = "messaging"

    def ready(self) -> None:
        """Register the checks of the entry points."""
        import_module("messaging.checks")
