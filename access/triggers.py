"""Triggers that refuse a change in the database itself: what they are, putting them in place, naming those that are missing."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.db import connection as default_connection
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
_PRESENT = {
    "postgresql": """
        SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE pg_table_is_visible(c.oid) AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
    """,
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
}


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """A refusal of `event` (UPDATE, DELETE or TRUNCATE) on the rows of `table` for which `when` holds, with `message`.

    `when` is SQL over OLD and NEW that PostgreSQL and SQLite both read; empty means every row. The refusal is an IntegrityError.
    """

    name: str
    table: str
    event: str
    message: str
    when: str = ""


_registered: dict[str, Trigger] = {}


def register(specs: Iterable[Trigger]) -> None:
    """Make the triggers part of every database: called by each app's `ready`."""
    _registered.update({spec.name: spec for spec in specs})


def registered() -> list[Trigger]:
    """Return the triggers of all apps."""
    return list(_registered.values())


def append_only(model: type[models.Model]) -> list[Trigger]:
    """Return the triggers that let rows of the model only be added."""
    table = model._meta.db_table
    message = f"rows of {table} are never changed or deleted"
    return [
        Trigger(name=f"{table}_no_{event.lower()}", table=table, event=event, message=message) for event in ("UPDATE", "DELETE", "TRUNCATE")
    ]


def install(connection: BaseDatabaseWrapper, specs: Iterable[Trigger]) -> None:
    """Put in place, or replace, the triggers whose tables exist."""
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
        for spec in specs:
            if spec.table in tables:
                for statement in _statements(connection, spec):
                    cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper, specs: Iterable[Trigger]) -> list[str]:
    """Return the names of the triggers that are not in place or switched off."""
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT[connection.vendor])
        present = {name for (name,) in cursor.fetchall()}
    return [spec.name for spec in specs if spec.name not in present and _applies(connection, spec)]


@contextmanager
def lifted() -> Iterator[None]:
    """Take every registered trigger away for the length of the block: only for emptying a test's database."""
    tables = set(default_connection.introspection.table_names())
    with default_connection.cursor() as cursor:
        for spec in registered():
            if spec.table in tables:
                cursor.execute(_drop(default_connection, spec))
    try:
        yield
    finally:
        install(default_connection, registered())


def install_after_migrate(sender: AppConfig, using: str, **_: Any) -> None:  # noqa: ARG001  # the signal's signature
    """Install all registered triggers; never done in a migration, because SQLite drops triggers when a later one rebuilds the table."""
    install(connections[using], registered())


def _applies(connection: BaseDatabaseWrapper, spec: Trigger) -> bool:
    """Return whether the database knows such a trigger: SQLite has no TRUNCATE to refuse."""
    return connection.vendor == "postgresql" or spec.event != "TRUNCATE"


def _statements(connection: BaseDatabaseWrapper, spec: Trigger) -> list[str]:
    """Return the statements that put the trigger in place, one to each `execute`."""
    if not _applies(connection, spec):
        return []
    when, message = f"WHEN ({spec.when})" if spec.when else "", spec.message.replace("'", "''")
    if connection.vendor == "postgresql":
        level = "STATEMENT" if spec.event == "TRUNCATE" else "ROW"
        return [
            f"""CREATE OR REPLACE TRIGGER "{spec.name}" BEFORE {spec.event} ON "{spec.table}"
                FOR EACH {level} {when} EXECUTE FUNCTION refuse_change('{message}')"""
        ]
    return [
        _drop(connection, spec),
        f'CREATE TRIGGER "{spec.name}" BEFORE {spec.event} ON "{spec.table}" {when} BEGIN SELECT RAISE(ABORT, \'{message}\'); END',
    ]


def _drop(connection: BaseDatabaseWrapper, spec: Trigger) -> str:
    table = f' ON "{spec.table}"' if connection.vendor == "postgresql" else ""
    return f'DROP TRIGGER IF EXISTS "{spec.name}"{table}'
