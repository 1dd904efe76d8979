"""The transfers app."""

from django.apps import AppConfig


class TransfersConfig(AppConfig):
    """Name the app for Django and put its triggers into every database."""

    name = "transfers"

    def ready(self) -> None:
        """Register the triggers."""
        from access import triggers
        from transfers.triggers import SPECS

        triggers.register(SPECS)
