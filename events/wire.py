"""What every JSON answer shares: strict bodies, pages, cursors. Names on the wire are camelCase,
and each is declared where it is used: nothing here rewrites keys."""

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, ClassVar, TypeVar

from django.db import models
from django.db.models import Q
from rest_framework import serializers
from rest_framework.request import Request

from events.errors import Invalid

DEFAULT_LIMIT = 50
MOST_LIMIT = 200
# Beyond these, a page costs more the further in it lies: walk on by cursor.
MOST_OFFSET = 10_000
COUNTED_EXACTLY = 10_000

CLIENT_ID = "clientId"
VISIBLE = r"[\x21-\x7e]{1,256}"

Row = TypeVar("Row", bound=models.Model)
Serialize = Callable[[list[Row]], Sequence[Any]]


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, values of another type than the one declared, and text
    that no database takes, naming each field.

    With `is_text` in its context every value has come as text, as in a query or a form: then the
    framework reads numbers and booleans out of it.
    """

    # What JSON Schema says of the body as a whole: for the OpenAPI document.
    schema_rules: ClassVar[dict[str, Any]] = {}

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        for field in fields.values():
            _speak_plainly(field)
        return fields

    def to_internal_value(self, data: Any) -> Any:
        faults: dict[str, Any] = dict(self._faults(data)) if _is_map(data) else {}
        try:
            taken = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not isinstance(error.detail, dict):
                raise
            raise serializers.ValidationError({**error.detail, **faults}) from error
        if faults:
            raise serializers.ValidationError(faults)
        return taken

    def _faults(self, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        is_text = self.context.get("is_text", False)
        for name, value in given.items():
            field = self.fields.get(name)
            if field is None or field.read_only:
                yield _printable(name), ["There is no such field."]
            elif not _storable(value):
                yield name, ["Holds no text or number: U+0000, half a pair, beyond a double."]
            elif not is_text and (fault := _other_type(field, value)):
                yield name, fault


class ClientId(serializers.RegexField):
    """`clientId`, which every body that makes something takes (see `accounts.http.once_named`)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            rf"^{VISIBLE}\Z",
            required=False,
            trim_whitespace=False,
            error_messages={"invalid": "Must have 1 to 256 visible characters of ASCII."},
            help_text="A name of yours for this call: repeated with the same body, now or in "
            "years, it answers what it answered first and does nothing. 1 to 256 visible "
            "characters of ASCII.",
            **options,
        )


class NoBody(StrictSerializer):
    """Nothing needs to be said."""


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)


def _speak_plainly(field: Any) -> None:
    """Have it say in the words of JSON what it takes, its choices by name."""
    if isinstance(field, serializers.ChoiceField):
        known = ", ".join(str(one) for one in field.choices)
        field.error_messages["invalid_choice"] = f"Must be one of: {known}."
    elif isinstance(field, serializers.ListField):
        field.error_messages["not_a_list"] = "Must be a list."
        _speak_plainly(field.child)
    elif isinstance(field, serializers.DictField):
        field.error_messages["not_a_dict"] = "Must be an object."
    elif isinstance(field, serializers.BaseSerializer):
        field.error_messages["invalid"] = "Must be an object."


_TEXTS = (
    serializers.CharField,
    serializers.ChoiceField,
    serializers.DateTimeField,
    serializers.UUIDField,
)


def _other_type(field: serializers.Field[Any, Any, Any, Any], value: Any) -> Any:
    """What is wrong with the JSON type of `value`: sentences, of a list's items by their number.
    None: nothing, or the field itself will say. JSON Schema's integers include 1.0."""
    if value is None:
        return None
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        found = ((at, _other_type(field.child, item)) for at, item in enumerate(value))
        return {at: fault for at, fault in found if fault} or None
    if isinstance(field, serializers.DictField) and _is_map(value):
        within = ((name, _other_type(field.child, item)) for name, item in value.items())
        return {name: fault for name, fault in within if fault} or None
    if isinstance(field, _TEXTS) and not isinstance(value, str):
        return ["Must be a string."]
    if isinstance(field, serializers.BooleanField) and not isinstance(value, bool):
        return ["Must be true or false."]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(field, serializers.FloatField | serializers.IntegerField) and not is_number:
        return ["Must be a number."]
    return None


def _storable(value: Any) -> bool:
    """True when PostgreSQL takes all in it: no NUL and no lone surrogate, in keys neither; no
    number that Python read as infinite (1e400)."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, Mapping):
        return all(_storable(name) and _storable(inner) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return all(_storable(inner) for inner in value)
    return True


def _printable(name: Any) -> str:
    return str(name).encode("utf-8", "backslashreplace").decode()


class PageQuery(serializers.Serializer[Any]):
    """The query parameters of every list (for the schema)."""

    limit = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_LIMIT,
        default=DEFAULT_LIMIT,
        help_text=f"How many at most: 1 to {MOST_LIMIT}; {DEFAULT_LIMIT} if left out.",
    )
    offset = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_OFFSET,
        default=0,
        help_text=f"How many to pass over: at most {MOST_OFFSET}.",
    )


class CursorQuery(PageQuery):
    """The query parameters of lists that can be walked by cursor (for the schema)."""

    cursor = serializers.CharField(required=False, help_text="`nextCursor` of the page before.")


class Pagination(serializers.Serializer[Any]):
    """Where in a list a page lies (for the schema)."""

    total = serializers.IntegerField(
        help_text=f"Exact up to {COUNTED_EXACTLY} (filtered: 1000); beyond, the database's "
        "estimate. To have every row, walk on while there is a `nextCursor`."
    )
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    nextCursor = serializers.CharField(  # noqa: N815 - the name on the wire
        required=False, allow_null=True, help_text="Null at the end of the list."
    )


@dataclass(frozen=True, slots=True)
class Order:
    """By a moment, ties by id: the order of a list that is walked by cursor."""

    moment: str = "created_at"
    tie: str = "id"
    newest_first: bool = True

    @property
    def names(self) -> tuple[str, str]:
        sign = "-" if self.newest_first else ""
        return f"{sign}{self.moment}", f"{sign}{self.tie}"

    def beyond(self, moment: datetime, tie: str) -> Q:
        """The rows after that place. The first condition is the one an index serves."""
        word = "lt" if self.newest_first else "gt"
        return Q(**{f"{self.moment}__{word}e": moment}) & (
            Q(**{f"{self.moment}__{word}": moment}) | Q(**{f"{self.tie}__{word}": tie})
        )


NEWEST_FIRST = Order()
OLDEST_FIRST = Order(newest_first=False)


def page(
    request: Request,
    queryset: models.QuerySet[Row],
    *,
    plural: str,
    serialize: Serialize[Row],
    order: Order = NEWEST_FIRST,
    counted: int = COUNTED_EXACTLY,
) -> dict[str, Any]:
    """One page by `limit` and `offset`, or by `cursor`, which neither skips nor repeats a row.

    Answers `{<plural>: [...], pagination: {total, limit, offset, nextCursor}}`.
    Raises Invalid naming the parameter that cannot be taken.
    """
    limit, offset = limit_of(request), offset_of(request)
    total = count(queryset, exactly=counted)
    ordered = queryset.order_by(*order.names)
    if letters := request.query_params.get("cursor"):
        if offset:
            raise Invalid.field("offset", "Cannot be combined with a cursor.")
        ordered = ordered.filter(_beyond(letters, plural, order))
    rows = list(ordered[offset : offset + limit + 1])
    following = _cursor_after(rows[limit - 1], plural, order) if len(rows) > limit else None
    pagination = {"total": total, "limit": limit, "offset": offset, "nextCursor": following}
    return {plural: serialize(rows[:limit]), "pagination": pagination}


def short_page(
    request: Request, queryset: models.QuerySet[Row], *, plural: str, serialize: Serialize[Row]
) -> dict[str, Any]:
    """One page of a list without cursors, in the order that `queryset` has."""
    limit, offset = limit_of(request), offset_of(request)
    rows = list(queryset[offset : offset + limit])
    pagination = {"total": count(queryset), "limit": limit, "offset": offset}
    return {plural: serialize(rows), "pagination": pagination}


def limit_of(request: Request) -> int:
    """`limit`, 1 to 200, 50 if left out. Raises Invalid."""
    return _whole_number(request, "limit", least=1, most=MOST_LIMIT, default=DEFAULT_LIMIT)


def offset_of(request: Request) -> int:
    """`offset`, 0 to 10,000. Raises Invalid."""
    return _whole_number(request, "offset", least=0, most=MOST_OFFSET, default=0)


def _whole_number(request: Request, name: str, *, least: int, most: int, default: int) -> int:
    given = request.query_params.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Invalid.field(name, f"Must be a whole number from {least} to {most}.")
    if not least <= int(given) <= most:
        beyond = " Walk on by cursor." if name == "offset" else ""
        raise Invalid.field(name, f"Must be from {least} to {most}.{beyond}")
    return int(given)


def count(queryset: models.QuerySet[Any], *, exactly: int = COUNTED_EXACTLY) -> int:
    """How many rows: exact up to 10,000, which an index answers in about a millisecond; beyond
    that the planner's estimate, because counting a million rows takes a second. A list whose
    filters no index holds whole is counted `exactly` to less."""
    plain = queryset.order_by()
    found = plain.values("pk")[: exactly + 1].count()
    if found <= exactly:
        return found
    (plan,) = json.loads(plain.explain(format="json"))
    return max(found, int(plan["Plan"]["Plan Rows"]))


def moment(value: datetime | None) -> str | None:
    """A time as the API writes it: ISO 8601, UTC, microseconds, `Z`."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _cursor_after(row: models.Model, plural: str, order: Order) -> str:
    text = f"{getattr(row, order.moment).isoformat()}|{getattr(row, order.tie)}"
    return base64.urlsafe_b64encode(f"{text}|{_check(text, plural)}".encode()).decode().rstrip("=")


def _beyond(letters: str, plural: str, order: Order) -> Q:
    """The condition for rows after the cursor. Raises Invalid, also for another list's cursor."""
    try:
        padded = letters + "=" * (-len(letters) % 4)
        text, _, check = (
            base64.b64decode(padded, b"-_", validate=True).decode("ascii").rpartition("|")
        )
        when, _, tie = text.partition("|")
        if check != _check(text, plural):
            raise ValueError("the check does not fit")
        return order.beyond(datetime.fromisoformat(when), tie)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise Invalid.field("cursor", "This is no cursor of this list.") from error


def _check(text: str, plural: str) -> str:
    return f"{zlib.crc32(f'{plural}|{text}'.encode()):08x}"
