"""Statements that are planned once."""

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from accounts.models import Workspace
from events.statements import rows_of

pytestmark = pytest.mark.django_db


def test_a_statement_is_planned_once_and_answers_as_django_reads():
    doubled = "SELECT n * 2 AS doubled FROM unnest(%s::int[]) AS n"

    found = [rows_of(doubled, [[n, 7]]) for n in (1, 2)]

    assert found == [[(2,), (14,)], [(4,), (14,)]]
    kept = rows_of("SELECT statement FROM pg_prepared_statements", [])
    assert [statement for (statement,) in kept if "doubled" in statement] == [
        doubled.replace("%s", "$1")
    ]


def test_it_is_part_of_the_transaction(workspace):
    with pytest.raises(RuntimeError), transaction.atomic():
        rows_of("UPDATE accounts_workspace SET name = %(name)s RETURNING id", {"name": "Other"})
        raise RuntimeError

    assert Workspace.objects.get(pk=workspace.pk).name == "Acme"


@pytest.mark.parametrize(
    ("statement", "values", "expected"),
    [
        ("SELECT %s::text", ["\0"], DataError),
        ("INSERT INTO accounts_workspace (id) VALUES (NULL) RETURNING id", [], IntegrityError),
    ],
)
def test_errors_are_those_of_django(statement, values, expected):
    with pytest.raises(expected), transaction.atomic():
        rows_of(statement, values)

    assert connection.is_usable()


def test_it_counts_as_a_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        rows_of("SELECT 1", [])
