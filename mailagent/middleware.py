"""What every HTTP answer carries: a request id, and a content security policy."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from mailagent.logs import request_id

GetResponse = Callable[[HttpRequest], HttpResponse]
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

# No inline script and no eval anywhere. Views of hostile mail set a stricter policy of their own.
PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class RequestIdMiddleware:
    """Takes `X-Request-Id` when it is well formed, else makes one; logs and the answer carry it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        current = given if _ACCEPTABLE_ID.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(current)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-Id"] = current
        return response


class ContentSecurityPolicyMiddleware:
    """Sets the page policy where a view has set none."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", PAGE_POLICY)
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response
