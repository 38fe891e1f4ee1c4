"""What the OpenAPI document says of bodies and queries beyond what the framework tells it: that
further fields are refused, and which text a field takes. Read from the serializers themselves."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.plumbing import force_instance
from rest_framework import serializers

from accounts.serializers import one_line
from drafts.api.bodies import HeaderText
from drafts.api.forms import WithFiles

_NOT_BLANK = r"\S"
_OCTETS = {"type": "string", "format": "binary", "description": "An inline file."}
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
        if isinstance(serializer, WithFiles):
            fields = {name: _as_text(one) for name, one in told["properties"].items()}
            told |= {"properties": fields, "patternProperties": {"^cid:": _OCTETS}}
        return {**told, "additionalProperties": False, **serializer.schema_rules}


def _tell_text(field: Any, schema: dict[str, Any]) -> None:
    """What text the field takes, in place."""
    if isinstance(field, serializers.ListField):
        if not field.allow_empty:
            schema["minItems"] = max(1, schema.get("minItems", 1))
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


def _as_text(schema: dict[str, Any]) -> dict[str, Any]:
    """A field of a form: without null, and JSON where it is an object or a list of anything."""
    kinds = schema.get("type", [])
    named = [kinds] if isinstance(kinds, str) else [one for one in kinds if one != "null"]
    options = [one for one in schema.get("oneOf", ()) if one != {"type": "null"}]
    is_reference = any("$ref" in one for one in (schema, *options))
    of_what = schema.get("items", {})
    is_files = of_what.get("format") == "binary"
    if is_reference or named == ["object"] or (named == ["array"] and not is_files):
        about = {k: v for k, v in schema.items() if k == "description"}
        return {"type": "string", "contentMediaType": "application/json", **about}
    if options:
        return {**schema, "oneOf": options}
    return {**schema, "type": named[0]} if named else schema


def _forbidden(field: Any) -> str:
    """The characters that the field refuses anywhere, as they stand between brackets."""
    if one_line in field.validators:
        return _CONTROLS
    return _BREAKS if isinstance(field, HeaderText) else ""
