"""Statements that are made for every message: PostgreSQL plans them once, not each time anew."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from django.db import connection
from psycopg import Cursor


def rows_of(
    statement: LiteralString, values: Sequence[Any] | Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """The rows that a statement answers with, as it is written: placeholders are the server's, so
    that arrays need a cast. Errors are Django's, as everywhere.

    Behind a pooler that keeps no prepared statements it is planned each time.
    """
    connection.ensure_connection()
    if connection.queries_logged:
        connection.queries_log.append({"sql": statement, "time": "0"})
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(statement, values, prepare=True)
        return cursor.fetchall()
