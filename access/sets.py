"""Set-based writes: any number of rows of any number of tables in one round trip, on PostgreSQL and SQLite alike."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

Row = Sequence[Any]


class StaleRows(OperationalError):
    """A guarded update found fewer rows than it named: somebody else changed them first. Transient: roll back and read again."""


@dataclass(frozen=True, kw_only=True)
class Insert:
    """Rows to add; each row has a value for each of `fields` (attribute names such as `account_id`)."""

    model: type[models.Model]
    fields: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, kw_only=True)
class Update:
    """Rows to change, found by `key`; `sets` are assigned, `adds` are added to what is there; a row is (key, *sets, *adds).

    `guard` names values every row must still have. All rows must be found, else StaleRows.
    """

    model: type[models.Model]
    rows: Sequence[Row]
    key: str = "id"
    sets: Sequence[str] = ()
    adds: Sequence[str] = ()
    guard: Mapping[str, Any] = field(default_factory=dict)


def execute(*writes: Insert | Update) -> None:
    """Run the writes that have rows: one statement for all of them on PostgreSQL, one `executemany` each on SQLite.

    On PostgreSQL rows are locked in ascending key order. No two writes may touch the same row. Raises StaleRows and the database's own errors.
    """
    wanted = [write for write in writes if write.rows]
    if not wanted:
        return
    changed = _execute_postgresql(wanted) if connection.vendor == "postgresql" else _execute_each(wanted)
    for write, count in zip(wanted, changed, strict=True):
        if count != len(write.rows):
            raise StaleRows(f"{count} of {len(write.rows)} rows of {write.model._meta.db_table} were as expected")


def _execute_postgresql(writes: Sequence[Insert | Update]) -> Sequence[int]:
    """Run the writes as data-modifying CTEs of one statement; return the number of rows each wrote."""
    parameters: list[Any] = []
    parts = [f"w{place} AS ({_postgresql(write, parameters)} RETURNING 1)" for place, write in enumerate(writes)]
    counts = ", ".join(f"(SELECT count(*) FROM w{place})" for place in range(len(writes)))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(parts)} SELECT {counts}", parameters)
        return cursor.fetchone()  # type: ignore[no-any-return]


def _postgresql(write: Insert | Update, parameters: list[Any]) -> str:
    """Return one write as SQL over `unnest`ed arrays and append its parameters."""
    names = write.fields if isinstance(write, Insert) else (write.key, *write.sets, *write.adds)
    columns = [_field(write.model, name) for name in names]
    arrays = ", ".join(f"%s::{_array_type(column)}[]" for column in columns)
    quoted = [connection.ops.quote_name(column.column) for column in columns]
    parameters.extend(_array(values) for values in zip(*write.rows, strict=True))
    table = connection.ops.quote_name(write.model._meta.db_table)
    if isinstance(write, Insert):
        return f"INSERT INTO {table} ({', '.join(quoted)}) SELECT * FROM unnest({arrays})"
    source = f"unnest({arrays}) AS u({', '.join(quoted)})"
    key = quoted[0]
    if len(write.rows) > 1:
        source = f"(SELECT u.* FROM {source} JOIN {table} t USING ({key}) ORDER BY t.{key} FOR NO KEY UPDATE OF t) u"
    assigned = [f"{name} = u.{name}" for name in quoted[1 : 1 + len(write.sets)]]
    assigned += [f"{name} = t.{name} + u.{name}" for name in quoted[1 + len(write.sets) :]]
    return f"UPDATE {table} t SET {', '.join(assigned)} FROM {source} WHERE t.{key} = u.{key}{_guard(write, parameters, 't.')}"


def _execute_each(writes: Sequence[Insert | Update]) -> Sequence[int]:
    """Run each write with `executemany`, every value prepared by its field; return the number of rows each wrote."""
    counts = []
    with connection.cursor() as cursor:
        for write in writes:
            sql, rows = _insert_each(write) if isinstance(write, Insert) else _update_each(write)
            cursor.executemany(sql, rows)
            counts.append(cursor.rowcount)
    return counts


def _insert_each(write: Insert) -> tuple[str, list[Row]]:
    columns = [_field(write.model, name) for name in write.fields]
    table = connection.ops.quote_name(write.model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(column.column) for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({names}) VALUES ({marks})", [_prepared(columns, row) for row in write.rows]


def _update_each(write: Update) -> tuple[str, list[Row]]:
    columns = [_field(write.model, name) for name in (*write.sets, *write.adds, write.key)]
    quoted = [connection.ops.quote_name(column.column) for column in columns]
    assigned = [f"{name} = %s" for name in quoted[: len(write.sets)]] + [f"{name} = {name} + %s" for name in quoted[len(write.sets) : -1]]
    guards: list[Any] = []
    where = f"{quoted[-1]} = %s{_guard(write, guards)}"
    table = connection.ops.quote_name(write.model._meta.db_table)
    rows = [[*_prepared(columns, (*row[1:], row[0])), *guards] for row in write.rows]
    return f"UPDATE {table} SET {', '.join(assigned)} WHERE {where}", rows


def _guard(write: Update, parameters: list[Any], prefix: str = "") -> str:
    """Return the conditions of the guard and append their values."""
    conditions = []
    for name, value in write.guard.items():
        column = _field(write.model, name)
        cast = f"::{_array_type(column)}" if connection.vendor == "postgresql" else ""
        conditions.append(f" AND {prefix}{connection.ops.quote_name(column.column)} = %s{cast}")
        parameters.append(column.get_db_prep_value(value, connection))
    return "".join(conditions)


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    """Return the field an attribute name such as `account_id` stands for."""
    found = model._meta.get_field(name.removesuffix("_id") if name.endswith("_id") and name not in _own_names(model) else name)
    assert isinstance(found, models.Field)
    return found


def _own_names(model: type[models.Model]) -> set[str]:
    return {own.name for own in model._meta.local_fields}


def _prepared(columns: "Sequence[models.Field[Any, Any]]", row: Row) -> list[Any]:
    """Return the values as the ORM would write them, so that it reads back what was written."""
    return [column.get_db_prep_value(value, connection) for column, value in zip(columns, row, strict=True)]


def _array_type(column: "models.Field[Any, Any]") -> str:
    """Return the column's type for a cast; text stays text, because a cast to varchar(n) would cut where the insert refuses."""
    kind = column.db_type(connection) or ""
    return "text" if kind.startswith("varchar") else kind.removesuffix(" GENERATED BY DEFAULT AS IDENTITY")


def _array(values: Sequence[Any]) -> str:
    """Return a PostgreSQL array literal: half the cost of letting the driver adapt lists."""
    return "{" + ",".join([_literal(value) for value in values]) + "}"


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "t" if value else "f"
        case int() | UUID():
            return str(value)
        case datetime():
            return f'"{value.isoformat()}"'
        case bytes() | bytearray() | memoryview():
            return f'"\\\\x{bytes(value).hex()}"'
        case dict() | list():
            return _quoted(json.dumps(value))
        case _:
            return _quoted(str(value))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@models.Field.register_lookup
class AnyOf(models.Lookup):  # type: ignore[type-arg]
    """Filter by membership with ONE parameter, `filter(id__any=ids)`: one plan and no limit for any number of values."""

    lookup_name = "any"
    prepare_rhs = False

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """Compare with an array."""
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s::{_array_type(self.lhs.output_field)}[])", [*parameters, _array(self.rhs)]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """Compare with the elements of a JSON list, whose values the field has prepared."""
        left, parameters = self.process_lhs(compiler, connection)
        prepared = [self.lhs.output_field.get_db_prep_value(value, connection) for value in self.rhs]
        return f"{left} IN (SELECT value FROM json_each(%s))", [*parameters, json.dumps(prepared)]
