"""Statements: what was booked on an account, in the words and with the names of the transfers behind it."""

from transfers.statements.filtered import FilteredPage, Wanted, filtered_statement
from transfers.statements.lines import EARLIEST, LATEST, Line
from transfers.statements.period import MOST_LINES, Statement, statement_of

__all__ = ["EARLIEST", "LATEST", "MOST_LINES", "FilteredPage", "Line", "Statement", "Wanted", "filtered_statement", "statement_of"]
