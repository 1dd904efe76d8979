"""How rows are compared besides Django's own ways."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz-")


class Word(models.Lookup):
    """Compare with a word of this project's own, `filter(status__word="pending")`, which stands in the statement itself.

    PostgreSQL keeps one plan for all values of a parameter, and such a plan cannot use an index of the rows with one value of it.
    """

    lookup_name = "word"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """Compare with the word as it is; what is no word has no place in a statement."""
        left, parameters = self.process_lhs(compiler, connection)
        word = str(self.rhs)
        if set(word) - _LETTERS:  # it stands in the statement as it is
            raise ValueError("no word of this project")
        return f"{left} = '{word}'", parameters
