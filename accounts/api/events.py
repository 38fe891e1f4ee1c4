"""Polling over the API."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, asked
from accounts.scope import Deed
from events import frames
from events.polling import EventPage, EventQuery, read_page, subscription_of
from events.wire import limit_of


class Events(ApiView):
    """GET /v1/events"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="listEvents", tags=["events"], parameters=[EventQuery], responses=EventPage
    )
    def get(self, request: ApiRequest) -> Response:
        """What happened after a cursor, oldest first. The log keeps 7 days; an older cursor is
        refused with 409 `CURSOR_EXPIRED`."""
        query = asked(request, EventQuery)
        wanted = subscription_of(query)
        wanted.check(request.auth)
        where = wanted.where(request.auth)
        limit = limit_of(request)
        events, following = read_page(where, query.get("after"), limit)
        pagination = {"limit": limit, "nextCursor": str(following)}
        return Response({"events": [frames.flat(one) for one in events], "pagination": pagination})
