"""Leave room on the pages of rows that change with every posting, so that PostgreSQL need not touch their indexes."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def leave_room(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the fill factor where there is one."""
    if schema_editor.connection.vendor == "postgresql":
        for table in ("accounts_account", "accounts_balancestripe"):
            schema_editor.execute(f"ALTER TABLE {table} SET (fillfactor = 70)")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunPython(leave_room, migrations.RunPython.noop)]
