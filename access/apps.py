"""The access app."""

from django.apps import AppConfig
from django.db.models import CharField
from django.db.models.signals import post_migrate

from access import lookups, triggers


class AccessConfig(AppConfig):
    """Keep the trail append-only, and install every app's triggers once all migrations have run."""

    name = "access"

    def ready(self) -> None:
        """Register what queries may ask, and this app's triggers; post_migrate comes once per app, and this app's is as good as any."""
        CharField.register_lookup(lookups.Word)
        triggers.register(triggers.append_only(self.get_model("AuditEvent")))
        post_migrate.connect(triggers.install_after_migrate, sender=self, dispatch_uid="access.triggers")
