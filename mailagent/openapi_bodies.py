"""What the OpenAPI document says of bodies and queries beyond what the framework tells it: that
further fields are refused, and which text a field takes. Read from the serializers themselves."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.plumbing import force_instance
from rest_framework import serializers

from accounts.serializers import one_line
from drafts.api.bodies import HeaderText

_NOT_BLANK = r"\S"
_CONTROLS = r"\u0000-\u001f\u007f"
_BREAKS = r"\r\n\u0000"


class StrictBodies(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Every body and every query that a caller sends is a StrictSerializer."""

    target_class = "events.wire.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        told: dict[str, Any] = auto_schema._map_serializer(
            self.target, direction, bypass_extensions=True
        )
        serializer = force_instance(self.target)  # type: ignore[no-untyped-call]
        for name, field in serializer.fields.items():
            if name in told.get("properties", {}):
                _tell_text(field, told["properties"][name])
        return {**told, "additionalProperties": False, **serializer.schema_rules}


def _tell_text(field: Any, schema: dict[str, Any]) -> None:
    """What text the field takes, in place."""
    if isinstance(field, serializers.ListField):
        _tell_text(field.child, schema.get("items", {}))
    if not isinstance(field, serializers.CharField) or "pattern" in schema:
        return
    may_be_blank = field.allow_blank or not field.trim_whitespace
    if not field.allow_blank:
        schema["minLength"] = max(1, schema.get("minLength", 1))
    forbidden = _forbidden(field)
    if forbidden and may_be_blank:
        schema["pattern"] = f"^[^{forbidden}]*$"
    elif forbidden:
        schema["pattern"] = rf"^[^{forbidden}]*[^\s{forbidden}][^{forbidden}]*$"
    elif not may_be_blank:
        schema["pattern"] = _NOT_BLANK


def _forbidden(field: Any) -> str:
    """The characters that the field refuses anywhere, as they stand between brackets."""
    if one_line in field.validators:
        return _CONTROLS
    return _BREAKS if isinstance(field, HeaderText) else ""
