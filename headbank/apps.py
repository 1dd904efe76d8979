"""The headbank app."""

from django.apps import AppConfig


class HeadbankConfig(AppConfig):
    """Let whoever checks the books check the settlements, too."""

    name = "headbank"

    def ready(self) -> None:
        """Register the check."""
        from accounts.books import check_also  # noqa: PLC0415  # models are there only now
        from headbank.books import differences  # noqa: PLC0415  # see above

        check_also(differences)
