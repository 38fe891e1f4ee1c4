"""Full text: what of a message is searched, and how it is asked for."""

from typing import Any, TypeVar

from django.contrib.postgres.search import SearchQuery
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Model, QuerySet, TextField, Value
from django.db.models.sql.compiler import SQLCompiler

CONFIG = "simple"  # no stemming: mail comes in every language
BODY_LIMIT = 200_000  # octets: beyond about 1 MB of words PostgreSQL refuses a vector
NAMES_LIMIT = 20_000
_QUERY_LIMIT = 1_000

Row = TypeVar("Row", bound=Model)


class SearchText(Func):
    """The vector of a message: subject before names (people, addresses, files) before body."""

    template = (
        f"setweight(to_tsvector('{CONFIG}', %(subject)s), 'A') || "
        f"setweight(to_tsvector('{CONFIG}', %(names)s), 'B') || "
        f"setweight(to_tsvector('{CONFIG}', %(body)s), 'C')"
    )

    def __init__(self, subject: str, names: str, body: str) -> None:
        texts = (subject, cut(names, NAMES_LIMIT), cut(body, BODY_LIMIT))
        super().__init__(*(Value(text, output_field=TextField()) for text in texts))

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any
    ) -> tuple[str, tuple[Any, ...]]:
        marks = [compiler.compile(part) for part in self.source_expressions]
        names = ("subject", "names", "body")
        sql = self.template % {n: mark for n, (mark, _) in zip(names, marks, strict=True)}
        return sql, tuple(value for _, values in marks for value in values)


def cut(text: str, octets: int) -> str:
    """The beginning of a text, at most so many octets of UTF-8."""
    if len(text) * 4 <= octets:
        return text
    return text.encode()[:octets].decode(errors="ignore")


def search(queryset: "QuerySet[Row]", q: str) -> "QuerySet[Row]":
    """Messages that hold all words of `q`; "a phrase" in quotes, -word for without, or for either.

    Subject, addresses, body and names of attachments are searched. Nothing to look for: all.
    """
    words = q.replace("\0", " ").strip()[:_QUERY_LIMIT]
    if not words:
        return queryset
    return queryset.filter(search=SearchQuery(words, config=CONFIG, search_type="websearch"))
