"""Full text: what of a message is searched, and how it is asked for."""

from typing import TypeVar

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Model, QuerySet
from django.db.models.expressions import Expression
from django.db.models.functions import Left

CONFIG = "simple"  # no stemming: mail comes in every language
# Characters. PostgreSQL refuses a vector of more than 1 MB, and a character can take 8 octets of it
# (an ideograph in a compound, which is kept whole and in parts).
_SUBJECT_LIMIT = 2_000
NAMES_LIMIT = 10_000
_BODY_LIMIT = 80_000
_QUERY_LIMIT = 1_000

Row = TypeVar("Row", bound=Model)


def search_vector() -> Expression:
    """The vector of a message: subject before names (people, addresses, files) before body."""

    def weighed(column: str, limit: int, weight: str) -> SearchVector:
        return SearchVector(Left(column, limit), config=CONFIG, weight=weight)

    vector: Expression = (
        weighed("subject", _SUBJECT_LIMIT, "A")
        + weighed("search_names", NAMES_LIMIT, "B")
        + weighed("plain_body", _BODY_LIMIT, "C")
    )
    return vector


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
