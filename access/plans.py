"""When PostgreSQL may reuse the plan of a statement, and when it must look at its tables again."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

FEW = 20  # rows: below, a statement costs less than its plan


@contextmanager
def planned_anew(*, rows: int = FEW + 1) -> Iterator[None]:
    """Let PostgreSQL plan the statements of the block by what its tables hold now, if they are about more than a FEW rows.

    A session remembers plans, and one made while a table was nearly empty reads the whole of it for every row a batch names: a new bank's
    first big payday took a hundred times as long. Single orders gain from remembered plans and lose little by a poor one.
    """
    if connection.vendor != "postgresql" or rows <= FEW:
        yield
        return
    connection.ensure_connection()
    session = connection.connection
    remembered, session.prepare_threshold = session.prepare_threshold, None
    try:
        yield
    finally:
        session.prepare_threshold = remembered
