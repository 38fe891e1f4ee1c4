"""Full text: what of a message is searched, and how it is asked for."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.expressions import Expression
from django.db.models.functions import Cast, Concat, Left
from django.db.models.lookups import IContains

from inboxes.addresses import fold_address, fold_domain
from inboxes.search_words import read_words

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
    """Messages that `q` asks for, all of it: words, "a phrase" in quotes, -word for without, or for
    either, and the operators of `search_words`.

    Words are looked for in subject, addresses, body and names of attachments. Nothing: all.
    """
    wanted = read_words(q.replace("\0", " ").strip()[:_QUERY_LIMIT])
    for term in wanted.terms:
        condition = _CONDITIONS[term.name](term.value)
        queryset = queryset.exclude(condition) if term.excluded else queryset.filter(condition)
    if not wanted.words:
        return queryset
    return queryset.filter(search=SearchQuery(wanted.words, config=CONFIG, search_type="websearch"))


def _sender(value: str) -> Q:
    if value.startswith("@"):
        domain = fold_domain(value[1:])
        ends = Q(header_from__endswith=f"@{domain}")
        # The index knows domains as they were written; an international one in two ways.
        return ends if "xn--" in domain else ends & _stands(domain, "B")
    if "@" in value:
        return Q(header_from=fold_address(value))
    return _stands(value, "*B") & (
        Q(header_from__contains=value.lower()) | Q(from_name__icontains=value)
    )


def _recipient(value: str) -> Q:
    """The index finds whoever has such a name; then those written to are looked at alone."""
    if "@" in value.strip("@"):
        return Q(recipients__contains=[fold_address(value)])
    people = Concat(*(Cast(name, TextField()) for name in ("to", "cc", "bcc")))
    return _stands(value, "*B") & Q(IContains(people, value))


def _stands(value: str, weight: str) -> Q:
    """These words stand one after the other in what has this weight; `*`: as beginnings."""
    quoted = value.replace("\\", " ").replace("'", " ").strip()
    if not quoted:
        return Q(pk__in=[])
    return Q(search=SearchQuery(f"'{quoted}':{weight}", config=CONFIG, search_type="raw"))


_CONDITIONS: dict[str, Callable[[Any], Q]] = {
    "from": _sender,
    "to": _recipient,
    "subject": lambda words: _stands(words, "A"),
    "label": lambda label: Q(labels__contains=[label]),
    "before": lambda moment: Q(created_at__lt=moment),
    "after": lambda moment: Q(created_at__gte=moment),
    "attachment": lambda _: Q(has_attachments=True),
    "unread": lambda unread: Q(is_read=not unread),
}
