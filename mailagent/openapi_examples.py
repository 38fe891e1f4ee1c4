"""Examples for the OpenAPI document: made from the schemas, with values that look like mail."""

import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_DEEPEST = 12
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
# What the values of fields of that name look like.
NAMED: dict[str, Any] = {
    "to": "ann@example.com",
    "from": "ann@example.com",
    "fromAddress": "ann@example.com",
    "fromName": "Ann",
    "toAddresses": ["support@company.com"],
    "participants": ["ann@example.com", "support@company.com"],
    "participant": "ann@example.com",
    "address": "ann@example.com",
    "addresses": ["Ann <ann@example.com>"],
    "email": "support@company.com",
    "canonicalEmail": "support@company.com",
    "cc": [],
    "bcc": [],
    "replyTo": [],
    "headers": {},
    "prompt": [{"role": "user", "content": "Answer this mail."}],
    "subject": "Your invoice",
    "plainBody": "Hello Ann, your invoice is attached.",
    "htmlBody": "<p>Hello Ann, your invoice is attached.</p>",
    "replyText": "Where is my invoice?",
    "visibleText": "Where is my invoice?",
    "preview": "Where is my invoice?",
    "displayName": "Support",
    "username": "support",
    "domain": "company.com",
    "signature": "Acme Support",
    "category": "billing",
    "confidence": 0.9,
    "metadata": {"confidence": 0.9, "llmReasoning": "They ask for an invoice."},
    "filename": "invoice.pdf",
    "contentType": "application/pdf",
    "content": "JVBERi0xLjcK",
    "contentId": "",
    "sizeBytes": 9,
    "url": "https://agent.example/hook",
    "events": ["message.received"],
    "event": "message.received",
    "eventId": "evt_01980a53-6f7c-7d1e-9f0a-2b1c3d4e5f60",
    "permissions": ["read", "draft"],
    "labels": ["urgent"],
    "label": "urgent",
    "addLabels": ["urgent"],
    "removeLabels": ["new"],
    "words": "Thank her first.",
    "feedback": "Thank her first.",
    "reasons": ["The category `refund` is for a person."],
    "reviewReason": "The category `refund` is for a person.",
    "diff": "@@ -1 +1 @@\n-Hello\n+Hello Ann",
    "contentHash": _HASH,
    "kind": "inbox",
    "name": "triage agent",
    "hint": "ak_yBTFai",
    "key": "ak_yBTFaiuY8C0JHyDeoYdzhaX…",
    "apiKey": "ak_yBTFaiuY8C0JHyDeoYdzhaX…",
    "imapPassword": "kelp-otter-amber-…",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "createdBy": "key:01980a53-6f7c-7d1e-9f0a-2b1c3d4e5f60",
    "decidedBy": "user:7",
    "author": "key:01980a53-6f7c-7d1e-9f0a-2b1c3d4e5f60",
    "policyVersion": "",
    "agent": {"name": "triage", "version": "1", "model": "…"},
    "host": "mail.company.com",
    "messageIdHeader": "20261121040506.1@example.com",
    "inReplyTo": "20261120101112.7@company.com",
    "references": ["20261120101112.7@company.com"],
    "spf": "pass",
    "dkim": "pass",
    "dmarc": "pass",
    "arc": None,
    "aligned": True,
    "warnings": [],
    "disabledReason": "",
    "failingSince": None,
    "lastReply": "250 2.0.0 OK",
    "reply": "550 5.1.1 No such user",
    "report": "550 5.1.1 No such user",
    "reason": "bounce",
    "cursor": "AZgKU298fR6fCisc",
    "nextCursor": "AZgKU298fR6fCisc",
    "after": "AZgKU298fR6fCisc",
    "types": "message.received,draft.approved",
    "q": "invoice from:ann@example.com",
    "inbox": "support@company.com",
    "inbox_id": "support@company.com",
    "outOfOffice": None,
    "priority": 10,
    "value": "mail.company.com",
    "found": ["mail.company.com"],
    "total": 1,
    "offset": 0,
}
# Of a body with nothing that must be there, the example shows these, as far as it has them.
_TELLING = (
    *("replyToMessageId", "plainBody", "metadata", "username", "domain", "displayName"),
    *("isRead", "addLabels", "url", "name", "since", "fromMessageId"),
)
_OF_FORMAT = {
    "uuid": "01980a53-6f7c-7d1e-9f0a-2b1c3d4e5f60",
    "date-time": "2026-11-21T04:05:06.789000Z",
    "date": "2026-11-21",
    "email": "ann@example.com",
    "uri": "https://agent.example/hook",
    "binary": "…",
    "byte": "JVBERi0xLjcK",
}
_TYPES: dict[Any, type | tuple[type, ...]] = {
    "string": str,
    "object": dict,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
}


class Examples:
    """Makes examples of the schemas of one document, following its references."""

    def __init__(self, schemas: Schema) -> None:
        self._schemas = schemas

    def resolved(self, schema: Schema) -> Schema:
        """The schema itself, behind references and the `oneOf [it, null]` of what may be null."""
        while True:
            if "$ref" in schema:
                schema = self._schemas[schema["$ref"].rpartition("/")[2]]
            elif len(schema.get("allOf", ())) == 1:
                schema = {**self.resolved(schema["allOf"][0]), **_without(schema, "allOf")}
            elif chosen := _first_real(schema.get("oneOf") or schema.get("anyOf") or ()):
                schema = chosen
            else:
                return schema

    def asking(self, schema: Schema) -> Any:
        """A request that does something: what must be there, and what tells most."""
        resolved = self.resolved(schema)
        fields = resolved.get("properties", {})
        chosen = [name for name in fields if name in resolved.get("required", ())]
        chosen += [name for name in _TELLING if name in fields and name not in chosen]
        most = resolved.get("maxProperties", len(fields))
        names = (chosen or [name for name in fields if name != "clientId"])[:most]
        return {name: self.of(name, fields[name], 1) for name in names}

    def of(self, name: str, schema: Schema, depth: int = 0) -> Any:
        """An example of a field or a parameter of that name."""
        if name in NAMED:
            shown = NAMED[name]
            if (shown is None and _may_be_null(schema)) or self._fits(shown, schema):
                return shown
            if self._fits([shown], schema):
                return [shown]
        return self.made(schema, depth)

    def _fits(self, shown: Any, told: Schema) -> bool:
        """True when the value is one of the schema's type, choices, pattern and format."""
        schema = self.resolved(told)
        kind = _main_type(schema)
        if choices := schema.get("enum"):
            return shown in choices
        if kind == "array":
            items = schema.get("items", {})
            return isinstance(shown, list) and all(self._fits(item, items) for item in shown)
        if not isinstance(shown, _TYPES.get(kind, object)):
            return False
        if not isinstance(shown, str):
            return True
        pattern = schema.get("pattern")
        is_free = schema.get("format") not in ("uuid", "date-time")
        return is_free and (pattern is None or re.search(pattern, shown) is not None)

    def made(self, schema: Schema, depth: int = 0) -> Any:
        """Something that the schema allows, to be read by people."""
        resolved = self.resolved(schema)
        for told in ("example", "default", "const"):
            if told in resolved and not callable(resolved[told]):
                return resolved[told]
        if choices := resolved.get("examples") or resolved.get("enum"):
            return next(iter(choices))
        if depth > _DEEPEST:
            return None
        return self._made_up(resolved, depth)

    def _made_up(self, schema: Schema, depth: int) -> Any:
        kind = _main_type(schema)
        if kind == "object":
            fields = schema.get("properties", {})
            return {name: self.of(name, one, depth + 1) for name, one in fields.items()}
        if kind == "array":
            return [self.made(schema.get("items", {}), depth + 1)]
        if kind == "string":
            return _OF_FORMAT.get(schema.get("format", ""), "…")
        return {"integer": schema.get("minimum", 1), "number": 0.9, "boolean": True}.get(str(kind))


def _main_type(schema: Schema) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((one for one in kind if one != "null"), None)
    return kind


def _may_be_null(schema: Schema) -> bool:
    kind = schema.get("type")
    options = schema.get("oneOf") or schema.get("anyOf") or ()
    return (isinstance(kind, list) and "null" in kind) or {"type": "null"} in options


def _without(schema: Schema, name: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != name}


def _first_real(options: Any) -> Schema | None:
    """The first that is more than null or blank."""
    real = (
        one
        for one in options
        if one.get("type") != "null" and one.get("enum") not in ([""], [None])
    )
    return next(iter(real), None) if options else None
