"""Databases in memory that tell when they commit, so that a process can die there."""

import sqlite3
from collections.abc import Callable
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.utils import ConnectionHandler

from banksite import settings as bank_settings

Hook = Callable[[str], None]
_SETTINGS = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "OPTIONS": bank_settings._SQLITE_OPTIONS}


def no_hook(_step: str) -> None:
    """Do nothing."""


class Database(DatabaseWrapper):
    """One bank's database. `hook` is called at each commit and may raise what ends the process or loses the transaction."""

    def __init__(self) -> None:
        super().__init__(ConnectionHandler({"default": dict(_SETTINGS)}).settings["default"], "default")
        self.hook: Hook = no_hook
        self._committed = False
        self.connect()

    @property
    def raw(self) -> sqlite3.Connection:
        """Return the driver's connection: what an examiner from outside would open."""
        assert isinstance(self.connection, sqlite3.Connection)
        return self.connection

    def copy_from(self, other: "Database") -> None:
        """Become what the other database is; whatever was here is gone."""
        assert not self.in_atomic_block, "the last process left no transaction open"
        self.hook = no_hook
        other.raw.backup(self.raw)

    def set_autocommit(self, autocommit: bool, *args: Any, **options: Any) -> None:  # Django's signature
        """Let somebody else take a turn between two transactions of a process."""
        super().set_autocommit(autocommit, *args, **options)
        if autocommit and self._committed:
            self._committed = False
            self.hook("between transactions")

    def _commit(self) -> None:
        try:
            self.hook("before commit")
        except BaseException:
            self.raw.rollback()  # sqlite3 would commit when autocommit comes back
            self.run_on_commit = []
            raise
        with self.wrap_database_errors:
            self.raw.commit()
        self._committed = True
        try:
            self.hook("after commit")
        except BaseException:
            self._committed = False
            self.run_on_commit = []  # who died does nothing later
            raise


def migrated() -> Database:
    """Return a database with every table, trigger and permission, and no rows of a bank."""
    database = Database()
    before = connections["default"]
    connections["default"] = database
    try:
        call_command("migrate", verbosity=0)
    finally:
        connections["default"] = before
    return database
