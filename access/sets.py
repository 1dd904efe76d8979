"""Set-based writes: any number of rows of any number of tables in one round trip, on PostgreSQL and SQLite alike."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import OperationalError, connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

Row = Sequence[Any]


class StaleRows(OperationalError):
    """A guarded update found fewer rows than it named: somebody else changed them first. Transient: roll back and read again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Insert:
    """Rows to add; a row has a value for each of `fields` (attribute names such as `account_id`), `constants` are the same in all."""

    model: type[models.Model]
    fields: Sequence[str]
    rows: Sequence[Row]
    constants: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> "_Shape":
        """Return what decides the statement's text."""
        return _Shape(self.model, tuple(self.fields), (), (), tuple(self.constants), lock=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """Rows to change, found by `key`; `sets` are assigned, `adds` are added to what is there; a row is (key, *sets, *adds).

    `guard` names values every row must still have. All rows must be found, else StaleRows.
    `locked` says that the caller has locked the rows: it saves PostgreSQL a second look at them.
    """

    model: type[models.Model]
    rows: Sequence[Row]
    key: str = "id"
    sets: Sequence[str] = ()
    adds: Sequence[str] = ()
    guard: Mapping[str, Any] = field(default_factory=dict)
    locked: bool = False

    @property
    def shape(self) -> "_Shape":
        """Return what decides the statement's text."""
        return _Shape(
            self.model, (self.key,), tuple(self.sets), tuple(self.adds), tuple(self.guard), lock=not self.locked and len(self.rows) > 1
        )

    @property
    def constants(self) -> Mapping[str, Any]:
        """Return the values that are the same for every row."""
        return self.guard


class _Shape(NamedTuple):
    """What decides a write's text: `fields` to insert, or the key of an update; `fixed` are an insert's constants or an update's guard."""

    model: type[models.Model]
    fields: tuple[str, ...]
    sets: tuple[str, ...]
    adds: tuple[str, ...]
    fixed: tuple[str, ...]
    lock: bool

    @property
    def columns(self) -> "list[models.Field[Any, Any]]":
        """Return the fields a row has values for."""
        return [_field(self.model, name) for name in (*self.fields, *self.sets, *self.adds)]

    @property
    def fixed_columns(self) -> "list[models.Field[Any, Any]]":
        """Return the fields whose value is the same for every row."""
        return [_field(self.model, name) for name in self.fixed]

    @property
    def table(self) -> str:
        """Return the quoted table name."""
        return connection.ops.quote_name(self.model._meta.db_table)

    @property
    def is_update(self) -> bool:
        """Return whether rows are changed, not added."""
        return bool(self.sets or self.adds)


def execute(*writes: Insert | Update) -> None:
    """Run the writes that have rows: one statement for all of them on PostgreSQL, one `executemany` each on SQLite.

    On PostgreSQL rows are locked in ascending key order. No two writes may touch the same row.
    Raises StaleRows and the database's own errors.
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
    sql, plans = _statement(tuple(write.shape for write in writes))
    parameters: list[Any] = []
    for write, (arrays, fixed) in zip(writes, plans, strict=True):
        parameters += [array(values) for array, values in zip(arrays, zip(*write.rows, strict=True), strict=True)]
        parameters += [column.get_db_prep_value(value, connection) for column, value in zip(fixed, write.constants.values(), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()  # type: ignore[no-any-return]  # a row of counts


@lru_cache(maxsize=500)
def _statement(shapes: tuple[_Shape, ...]) -> "tuple[str, list[tuple[list[Callable[[Sequence[Any]], str]], list[models.Field[Any, Any]]]]]":
    """Return the PostgreSQL statement for writes of these shapes and what turns each column's values into parameters."""
    parts = [f"w{place} AS ({_postgresql(shape)} RETURNING 1)" for place, shape in enumerate(shapes)]
    counts = ", ".join(f"(SELECT count(*) FROM w{place})" for place in range(len(shapes)))
    plans = [([_ARRAYS.get(_array_type(column), _others) for column in shape.columns], shape.fixed_columns) for shape in shapes]
    return f"WITH {', '.join(parts)} SELECT {counts}", plans


def _postgresql(shape: _Shape) -> str:
    """Return one write as SQL over `unnest`ed arrays."""
    # behind a SELECT the planner cannot count an array, so one plan serves a single row and a thousand and is not made anew each time
    arrays = ", ".join(f"(SELECT %s::{_array_type(column)}[])" for column in shape.columns)
    names, fixed = _quoted_names(shape.columns), _quoted_names(shape.fixed_columns)
    casts = [f"%s::{_array_type(column)}" for column in shape.fixed_columns]
    if not shape.is_update:
        source = f"unnest({arrays}) AS u({', '.join(names)})" + (f" CROSS JOIN (SELECT {', '.join(casts)}) f" if casts else "")
        return f"INSERT INTO {shape.table} ({', '.join(names + fixed)}) SELECT * FROM {source}"
    source, key = f"unnest({arrays}) AS u({', '.join(names)})", names[0]
    if shape.lock:
        source = f"(SELECT u.* FROM {source} JOIN {shape.table} t USING ({key}) ORDER BY t.{key} FOR NO KEY UPDATE OF t) u"
    guard = "".join(f" AND t.{name} = {cast}" for name, cast in zip(fixed, casts, strict=True))
    return f"UPDATE {shape.table} t SET {_assigned(shape, 'u.', 't.')} FROM {source} WHERE t.{key} = u.{key}{guard}"


def _assigned(shape: _Shape, new: str, old: str) -> str:
    """Return the assignments of an update; an empty `new` stands for parameters."""
    sets, adds = ([_field(shape.model, name) for name in names] for names in (shape.sets, shape.adds))
    values = [(name, f"{new}{name}" if new else "%s") for name in _quoted_names(sets)]
    values += [(name, f"{old}{name} + " + (f"{new}{name}" if new else "%s")) for name in _quoted_names(adds)]
    return ", ".join(f"{name} = {value}" for name, value in values)


def _execute_each(writes: Sequence[Insert | Update]) -> Sequence[int]:
    """Run each write with `executemany`, every value prepared by its field; return the number of rows each wrote."""
    counts = []
    with connection.cursor() as cursor:
        for write in writes:
            shape = write.shape
            columns = [_prepared(column, values) for column, values in zip(shape.columns, zip(*write.rows, strict=True), strict=True)]
            fixed = [
                _prepared(column, [value]) * len(write.rows)
                for column, value in zip(shape.fixed_columns, write.constants.values(), strict=True)
            ]
            if shape.is_update:
                columns = [*columns[1:], columns[0]]
            cursor.executemany(_each(shape), list(zip(*columns, *fixed, strict=True)))
            counts.append(cursor.rowcount)
    return counts


def _each(shape: _Shape) -> str:
    """Return one write as SQL for one row: the key of an update comes after its new values, what is fixed comes last."""
    names, fixed = _quoted_names(shape.columns), _quoted_names(shape.fixed_columns)
    if not shape.is_update:
        return f"INSERT INTO {shape.table} ({', '.join(names + fixed)}) VALUES ({', '.join(['%s'] * len(names + fixed))})"
    guard = "".join(f" AND {name} = %s" for name in fixed)
    return f"UPDATE {shape.table} SET {_assigned(shape, '', '')} WHERE {names[0]} = %s{guard}"


def _quoted_names(columns: "Sequence[models.Field[Any, Any]]") -> list[str]:
    return [connection.ops.quote_name(str(column.column)) for column in columns]


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    """Return the field an attribute name such as `account_id` stands for."""
    found = model._meta.get_field(name.removesuffix("_id") if name.endswith("_id") and name not in _own_names(model) else name)
    assert isinstance(found, models.Field)
    return found


def _own_names(model: type[models.Model]) -> set[str]:
    return {own.name for own in model._meta.local_fields}


def _prepared(column: "models.Field[Any, Any]", values: Sequence[Any]) -> list[Any]:
    """Return the values as the ORM would write them, so that it reads back what was written; integers are written as they are."""
    if isinstance(column, models.IntegerField):
        return list(values)
    return [column.get_db_prep_value(value, connection) for value in values]


def _array_type(column: "models.Field[Any, Any]") -> str:
    """Return the column's type for a cast; text stays text, because a cast to varchar(n) would cut where the insert refuses."""
    kind = column.db_type(connection) or ""
    return "text" if kind.startswith("varchar") else kind.removesuffix(" GENERATED BY DEFAULT AS IDENTITY")


# PostgreSQL array literals, by type: half the cost of letting the driver adapt lists


def text_array(values: Iterable[str | None]) -> str:
    """Return texts as a PostgreSQL array literal, all quoted at once unless one has something to escape."""
    texts = list(values)
    if texts and None not in texts:
        joined = '","'.join(texts)  # type: ignore[arg-type]  # none of them is None
        if "\\" not in joined and joined.count('"') == 2 * (len(texts) - 1):
            return f'{{"{joined}"}}'
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in texts]) + "}"


def _integers(values: Sequence[int | None]) -> str:
    return "{" + str([*values])[1:-1].replace("None", "NULL") + "}"


def _uuids(values: Sequence[UUID | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else f"{value.int:032x}" for value in values]) + "}"


def _moments(values: Sequence[datetime | None]) -> str:
    written = {value: "NULL" if value is None else f'"{value.isoformat()}"' for value in set(values)}  # mostly one moment for all
    return "{" + ",".join([written[value] for value in values]) + "}"


def _json(values: Sequence[Any]) -> str:
    return text_array([None if value is None else json.dumps(value) for value in values])


def _others(values: Sequence[Any]) -> str:
    return "{" + ",".join([_literal(value) for value in values]) + "}"


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "t" if value else "f"
        case bytes() | bytearray() | memoryview():
            return f'"\\\\x{bytes(value).hex()}"'
        case _:
            return _quoted(str(value))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"') if "\\" in text or '"' in text else text
    return f'"{escaped}"'


_ARRAYS: Mapping[str, Callable[[Sequence[Any]], str]] = {
    "smallint": _integers,
    "integer": _integers,
    "bigint": _integers,
    "uuid": _uuids,
    "text": text_array,
    "jsonb": _json,
    "timestamp with time zone": _moments,
}


@models.Field.register_lookup
class AnyOf(models.Lookup):
    """Filter by membership with ONE parameter, `filter(id__any=ids)`: one plan and no limit for any number of values."""

    lookup_name = "any"
    prepare_rhs = False

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """Compare with an array."""
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s::{_array_type(self.lhs.output_field)}[])", [
            *parameters,
            _ARRAYS.get(_array_type(self.lhs.output_field), _others)(self.rhs),
        ]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """Compare with the elements of a JSON list, whose values the field has prepared."""
        left, parameters = self.process_lhs(compiler, connection)
        prepared = [self.lhs.output_field.get_db_prep_value(value, connection) for value in self.rhs]
        return f"{left} IN (SELECT value FROM json_each(%s))", [*parameters, json.dumps(prepared)]
