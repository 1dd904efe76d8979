"""The banksite app."""

from django.apps import AppConfig
from django.core.checks import register

from banksite import checks


class BanksiteConfig(AppConfig):
    """Register what the site refuses to start with."""

    name = "banksite"

    def ready(self) -> None:
        """Register every check."""
        for check in checks.ALL:
            register(check)
