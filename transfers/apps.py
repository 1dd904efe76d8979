"""The transfers app."""

from django.apps import AppConfig


class TransfersConfig(AppConfig):
    """Name the app for Django and put its triggers into every database."""

    name = "transfers"

    def ready(self) -> None:
        """Register the triggers."""
        from access import triggers  # noqa: PLC0415  # models can be imported only now
        from transfers.triggers import SPECS  # noqa: PLC0415  # see above

        triggers.register(SPECS)
