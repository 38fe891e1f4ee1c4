"""Serializers for what is only told, never taken: declared as usual, several times as fast.

A page of 50 messages has some 2,000 fields, and the framework asks each of them six questions, of
copies that it makes of every field for every serializer. Here the questions are asked once for each
field and class.
"""

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from rest_framework import serializers
from rest_framework.fields import empty

from events.wire import moment

Thing = TypeVar("Thing")
Reader = Callable[[Any], Any]
# What JSON takes as it is.
_PLAIN = (
    serializers.BooleanField,
    serializers.CharField,
    serializers.ChoiceField,
    serializers.DictField,
    serializers.FloatField,
    serializers.IntegerField,
    serializers.JSONField,
    serializers.ListField,
)


class Telling(serializers.Serializer[Thing]):
    """Shows things that have every declared field as an attribute."""

    @classmethod
    def every(cls, things: Sequence[Any]) -> list[dict[str, Any]]:
        """All of `things`, in their order."""
        serializer = cls()
        return [serializer.to_representation(thing) for thing in things]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: read(instance) for name, read in _readers(type(self)).items()}


# No docstring: the OpenAPI document would take it for that of every serializer without one.
class TellingStored(serializers.Serializer[Thing]):
    # Shows what was stored as JSON. What was not stored is told as the field's default.

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: read(instance) for name, read in _stored_readers(type(self)).items()}


@cache
def _readers(kind: type[Telling[Any]]) -> dict[str, Reader]:
    return {name: _reader(field) for name, field in kind().fields.items()}


@cache
def _stored_readers(kind: type[TellingStored[Any]]) -> dict[str, Reader]:
    return {name: _stored_reader(field) for name, field in kind().fields.items()}


def _reader(field: Any) -> Reader:
    """How the value of one field is had from a thing, ready for JSON."""
    if isinstance(field, serializers.SerializerMethodField):
        method: Reader = getattr(field.parent, field.method_name)
        return method
    get = attrgetter(field.source)
    if isinstance(field, _PLAIN):
        return get
    if isinstance(field, serializers.DateTimeField):
        return lambda thing: moment(get(thing))
    if isinstance(field, serializers.UUIDField):
        return lambda thing: _text(get(thing))
    show = field.to_representation
    return lambda thing: _shown(show, get(thing))


def _stored_reader(field: Any) -> Reader:
    name, show = field.source, field.to_representation
    if field.default is empty:
        return lambda stored: show(stored[name])
    if callable(field.default):
        return lambda stored: _shown(show, stored[name] if name in stored else field.default())
    return lambda stored: _shown(show, stored.get(name, field.default))


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _shown(show: Reader, value: Any) -> Any:
    return None if value is None else show(value)
