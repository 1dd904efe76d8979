"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Have the database itself refuse what the ledger never does."""

    name = "accounts"

    def ready(self) -> None:
        """Register this app's triggers."""
        from access import triggers  # noqa: PLC0415  # models can be imported only now
        from accounts.triggers import SPECS  # noqa: PLC0415  # see above

        triggers.register(SPECS)
