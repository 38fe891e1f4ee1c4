"""What can go wrong: the server refused (ApiError and its kinds), or no answer came."""

from typing import Any

import httpx


class MailAgentError(Exception):
    """Everything that this package raises."""


class Unreachable(MailAgentError):
    """No answer came, also after the retries that were safe. The cause is in `__cause__`."""


class InvalidSignature(MailAgentError):
    """A webhook that our server did not sign with that secret, or an old one sent again."""


class ApiError(MailAgentError):
    """The server's refusal: a sentence for people, a code for programs."""

    def __init__(
        self,
        sentence: str,
        *,
        status: int,
        code: str,
        details: dict[str, Any] | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"{sentence} ({status} {code})")
        self.sentence = sentence
        self.status = status
        self.code = code
        self.details = details or {}
        self.request_id = request_id


class InvalidRequest(ApiError):
    """400: `details` names each field with its sentences."""


class Unauthenticated(ApiError):
    """401: no key, or one that is unknown, revoked or expired."""


class Forbidden(ApiError):
    """403: the key lacks the permission, or the state of things forbids it."""


class NotFound(ApiError):
    """404: there is no such thing, or it is out of reach of this key."""


class Conflict(ApiError):
    """409: `code` tells who was first; with VERSION_CONFLICT `details` has the present draft."""


class CursorExpired(Conflict):
    """The cursor is older than the event log. Read the messages anew, then listen without it."""


class TooLarge(ApiError):
    """413."""


class Unprocessable(ApiError):
    """422: well formed, and cannot be done."""


class RateLimited(ApiError):
    """429, still, after the retries."""


class Unavailable(ApiError):
    """503, still, after the retries: nothing was done."""


class ServerFault(ApiError):
    """Another 5xx: the server's log has it under `request_id`."""


_KINDS: dict[int, type[ApiError]] = {
    400: InvalidRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: Unprocessable,
    429: RateLimited,
    503: Unavailable,
}


def refusal(response: httpx.Response) -> ApiError:
    """The exception for an answer of 400 and above; its body must have been read."""
    try:
        told = response.json()
    except ValueError:
        told = None  # a proxy's page, not ours
    if not isinstance(told, dict):
        told = {}
    code = str(told.get("code", "ERROR"))
    kind = _KINDS.get(response.status_code, ServerFault if response.is_server_error else ApiError)
    if code == "CURSOR_EXPIRED":
        kind = CursorExpired
    return kind(
        str(told.get("error") or response.reason_phrase),
        status=response.status_code,
        code=code,
        details=told.get("details"),
        request_id=response.headers.get("X-Request-Id"),
    )
