"""What every view here shares: finding a draft, its version in headers, and its answer."""

import re
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework.response import Response

from accounts.http import ApiRequest
from accounts.scope import Deed, Scope
from drafts.models import Draft
from drafts.serializers import draft_fields
from events.errors import Invalid, Missing
from inboxes.reach import find_inbox

_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"\Z')
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": r'^(\*|(W/)?"[0-9]{1,9}")$'},
    OpenApiParameter.HEADER,
    description='The version you saw: `"3"`. Where it is not the present one: 409 '
    "`VERSION_CONFLICT`, with the present draft in `details`.",
    examples=[OpenApiExample("version", value='"3"')],
)
REFUSED = OpenApiResponse(description="The present state of the draft does not allow it.")


def find_draft(scope: Scope, inbox_id: str, draft_id: UUID, deed: Deed = "read") -> Draft:
    """A draft of an inbox in reach. Raises Missing."""
    inbox = find_inbox(scope, inbox_id, deed)
    found = Draft.objects.whole().filter(inbox=inbox, pk=draft_id).first()
    if found is None:
        raise Missing
    return found


def version_of(request: ApiRequest) -> int | None:
    """The version that `If-Match` names; None where there is none, or `*`. Raises Invalid."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    matched = _ETAG.match(header.strip())
    if matched is None:
        raise Invalid.field("If-Match", 'Must be a version in quotes, as in `"3"`.')
    return int(matched[1])


def answer(draft: Draft, *, status: int = 200) -> Response:
    """The draft as it is, with its version as ETag."""
    headers: dict[str, Any] = {"ETag": f'"{draft.version}"'}
    if status == 201:
        headers["Location"] = f"/v1/inboxes/{draft.inbox_id}/drafts/{draft.pk}"
    return Response(draft_fields(draft), status=status, headers=headers)
