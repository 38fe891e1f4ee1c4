"""HTTP requests of the web process: opens and clicks are answered where they are read, others by
the application.

For a hit, making a task, queues and a scope for the application costs more than its answer.
"""

import json
import logging
import uuid
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from daphne.http_protocol import WebRequest
from twisted.web import http

from mailagent.asgi import answering
from tracking.answering import PREFIXES, Answer, Asked

logger = logging.getLogger(__name__)
_CODES = {
    HTTPStatus.BAD_REQUEST: "VALIDATION_ERROR",
    HTTPStatus.SERVICE_UNAVAILABLE: "UNAVAILABLE",
}
RETRY_AFTER = b"5"  # seconds
_PREFIXES = tuple(prefix.encode() for prefix in PREFIXES)


class Request(WebRequest):  # type: ignore[misc]
    """Leaves forms to the application: Twisted would read each a second time, and hang up on one
    that is malformed without a word. What it refuses itself is told as everywhere, and no HTML."""

    _is_hit = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, parsePOSTFormSubmission=False, **options)

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        code = _CODES.get(HTTPStatus(status), "INTERNAL_ERROR")
        details = {"body": [body]} if code == "VALIDATION_ERROR" else {}
        headers = [
            (b"content-type", b"application/json"),
            (b"x-request-id", uuid.uuid4().hex.encode()),
        ]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append((b"retry-after", RETRY_AFTER))
        told = json.dumps({"error": body, "code": code, "details": details}).encode()
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": told})

    def process(self) -> Any:
        if not self.path.startswith(_PREFIXES):
            return super().process()
        self._is_hit = True
        try:
            answering.answer(self._asked(), self._answer)
        except Exception:
            logger.exception("a hit could not be answered")
            self._answer(Answer(HTTPStatus.INTERNAL_SERVER_ERROR, ((b"content-length", b"0"),)))
        return None

    def _asked(self) -> Asked:
        path = unquote(self.path.decode("latin-1"))
        client = getattr(self.client, "host", "")
        return Asked(self.method.decode("latin-1"), path, client, self._field)

    def _field(self, name: bytes) -> bytes:
        values = self.requestHeaders.getRawHeaders(name)
        return bytes(values[-1]) if values else b""

    def _answer(self, answer: Answer) -> None:
        if self.finished or self.channel is None or self._disconnected:
            return
        self.setResponseCode(answer.status)
        for name, value in answer.fields:
            self.responseHeaders.addRawHeader(name, value)
        self.write(answer.body)
        self.finish()

    def finish(self) -> None:
        if not self._is_hit:
            super().finish()
            return
        http.Request.finish(self)  # type: ignore[no-untyped-call]
        # Else Daphne would go through all hits of a second, each second.
        self.server.connections.pop(self, None)
