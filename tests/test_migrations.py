"""Every migration leaves a database that the version before it can go on working with."""

from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

CHECKOUT = Path(__file__).resolve().parents[1]
EXCEPTIONS = {  # app.migration: why no running version is hurt
    "headbank.0002_applications_and_caps": "no version without it was ever released",
    "messaging.0002_debit_caps": "no version without it was ever released",
}


def ours() -> Iterator[tuple[str, migrations.Migration]]:
    """Yield our migrations but for the first of each app, before which no version ran."""
    own = {config.label for config in apps.get_app_configs() if Path(config.path).parent == CHECKOUT}
    for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        if app in own and not name.startswith("0001"):
            yield f"{app}.{name}", migration


def harms(migration: migrations.Migration) -> Iterator[str]:
    """Yield what a migration does to the version before, which knows nothing of the tables it makes."""
    made = {operation.name_lower for operation in migration.operations if isinstance(operation, migrations.CreateModel)}
    for operation in migration.operations:
        if getattr(operation, "model_name_lower", "") not in made and (why := harm(operation)):
            yield f"{operation.describe()}: {why}"


def harm(operation: Operation) -> str:
    """Return what an operation on a table that was there does to the version before; nothing where it goes on as it was."""
    if isinstance(operation, migrations.RemoveField | migrations.DeleteModel | migrations.RenameField | migrations.RenameModel):
        return "it still uses what is taken away"
    if isinstance(operation, migrations.AlterModelTable):
        return "it still asks for the table's old name"
    if isinstance(operation, migrations.AddField) and not _may_be_left_out(operation.field):
        return "it leaves the new column out when it writes"
    return ""


def _may_be_left_out(field: "models.Field[object, object]") -> bool:
    return field.null or field.has_db_default() or field.many_to_many is True


class TestAMigration:
    def test_never_hurts_the_version_that_still_runs(self) -> None:
        found = {f"{name}: {why}" for name, each in ours() for why in harms(each)}

        assert {line for line in found if line.split(":")[0] not in EXCEPTIONS} == set()

    def test_that_would_is_seen(self) -> None:
        text = models.CharField(max_length=9)

        assert harm(migrations.RemoveField("transfer", "reference"))
        assert harm(migrations.AddField("transfer", "colour", text))
        assert not harm(migrations.AddField("transfer", "colour", models.CharField(max_length=9, null=True)))
        assert not harm(migrations.AddField("transfer", "colour", models.CharField(max_length=9, db_default="")))
        assert not harm(migrations.AddIndex("transfer", models.Index(fields=["id"], name="any")))
