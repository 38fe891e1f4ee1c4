"""New rows by COPY: for what comes in by the thousand, in half the time of an INSERT."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED
from psycopg import sql

_AS_THEY_ARE = (
    ArrayField,
    models.BinaryField,
    models.BooleanField,
    models.CharField,
    models.DateTimeField,
    models.ForeignKey,
    models.IntegerField,
    models.JSONField,
    models.TextField,
    models.UUIDField,
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How rows of a model are written."""

    statement: bytes
    types: tuple[str, ...]
    values: Callable[[models.Model], tuple[Any, ...]]


def copy_in(rows: Sequence[models.Model]) -> None:
    """Store new rows of one model, whose values have the types of their fields already.

    The database counts out serial keys, defaults and generated columns, and they are not told: the
    rows cannot be saved again. Errors are those of an INSERT.
    """
    if not rows:
        return
    plan = _plan_for(type(rows[0]))
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(plan.statement) as stream,
    ):
        stream.set_types(plan.types)
        for row in rows:
            stream.write_row(plan.values(row))
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


@cache
def _plan_for(model: type[models.Model]) -> _Plan:
    fields = [field for field in model._meta.concrete_fields if _is_ours(field)]
    for field in fields:
        if not isinstance(field, _AS_THEY_ARE):
            raise TypeError(f"{field} may need a conversion that COPY leaves out.")
    return _Plan(
        sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)")
        .format(
            sql.Identifier(model._meta.db_table),
            sql.SQL(", ").join([sql.Identifier(str(field.column)) for field in fields]),
        )
        .as_bytes(),
        # "varchar(320)" is "varchar" to the driver; the table sees to the length.
        tuple((field.db_type(connection) or "").partition("(")[0] for field in fields),
        attrgetter(*(field.attname for field in fields)),
    )


def _is_ours(field: "models.Field[Any, Any]") -> bool:
    """Tell whether we write it, not the database."""
    return not (
        field.generated
        or isinstance(field, models.AutoField | models.BigAutoField)
        or field.db_default is not NOT_PROVIDED
    )
