"""Every migration leaves a database that the version before it can go on working with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

CHECKOUT = Path(__file__).resolve().parents[1]
EXCEPTIONS = {  # app.migration: why no running version is hurt
    "access.0007_answers_as_text": "no version without it was ever released",
    "headbank.0002_applications_and_caps": "no version without it was ever released",
    "messaging.0002_debit_caps": "no version without it was ever released",
}


def ours() -> Iterator[tuple[str, migrations.Migration, ProjectState]]:
    """Yield our migrations but for the first of each app, before which no version ran, each with the tables it finds."""
    own, loader = {config.label for config in apps.get_app_configs() if Path(config.path).parent == CHECKOUT}, MigrationLoader(None)
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if app in own and not name.startswith("0001"):
            yield f"{app}.{name}", migration, loader.project_state((app, name), at_end=False)


def harms(migration: migrations.Migration, found: ProjectState) -> Iterator[str]:
    """Yield what a migration does to the version before, which knows nothing of the tables it makes."""
    made = {operation.name_lower for operation in migration.operations if isinstance(operation, migrations.CreateModel)}
    for operation in migration.operations:
        model = getattr(operation, "model_name_lower", "")
        was = found.models[migration.app_label, model].fields.get(operation.name) if isinstance(operation, migrations.AlterField) else None
        if model not in made and (why := harm(operation, was=was)):
            yield f"{operation.describe()}: {why}"


def harm(operation: Operation, *, was: "models.Field[Any, Any] | None" = None) -> str:
    """Return what an operation on a table that was there does to the version before; nothing where it goes on as it was.

    `was` is the field that is altered, as it was.
    """
    if was is not None and isinstance(operation, migrations.AlterField) and _is_written_anew(was, operation.field):
        return "nobody can use the table while all of it is written anew"
    if isinstance(operation, migrations.RemoveField | migrations.DeleteModel | migrations.RenameField | migrations.RenameModel):
        return "it still uses what is taken away"
    if isinstance(operation, migrations.AlterModelTable):
        return "it still asks for the table's old name"
    if isinstance(operation, migrations.AddField) and not _may_be_left_out(operation.field):
        return "it leaves the new column out when it writes"
    return ""


def _is_written_anew(was: "models.Field[Any, Any]", becomes: "models.Field[Any, Any]") -> bool:
    """Return whether PostgreSQL has to write each row again: for another type, but not for more room in the same."""
    before, after = (field.db_type(connection) for field in (was, becomes))
    is_text = isinstance(was, models.CharField) and isinstance(becomes, models.CharField)
    has_more_room = is_text and (becomes.max_length or 0) >= (was.max_length or 0)
    return not was.is_relation and before != after and not has_more_room


def _may_be_left_out(field: "models.Field[Any, Any]") -> bool:
    return field.null or field.has_db_default() or field.many_to_many is True


class TestAMigration:
    def test_never_hurts_the_version_that_still_runs(self) -> None:
        found = {f"{name}: {why}" for name, each, before in ours() for why in harms(each, before)}

        assert {line for line in found if line.split(":")[0] not in EXCEPTIONS} == set()

    def test_that_would_is_seen(self) -> None:
        text = models.CharField(max_length=9)

        assert harm(migrations.RemoveField("transfer", "reference"))
        assert harm(migrations.AddField("transfer", "colour", text))
        assert not harm(migrations.AddField("transfer", "colour", models.CharField(max_length=9, null=True)))
        assert not harm(migrations.AddField("transfer", "colour", models.CharField(max_length=9, db_default="")))
        assert harm(migrations.AlterField("transfer", "colour", models.TextField()), was=text)
        assert not harm(migrations.AlterField("transfer", "colour", models.CharField(max_length=10)), was=text)
        assert not harm(migrations.AddIndex("transfer", models.Index(fields=["id"], name="any")))
