"""What the web process serves: over HTTP pages, API and what links of tracked mail lead to; over
WebSocket `/v1/ws` and `/live`."""

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailagent.settings")
django.setup(set_prefix=False)  # First: it loads the applications that the rest imports from.

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from accounts.websocket import KeyRequired, Receive, Send, SessionRequired, refuse  # noqa: E402
from events.consumers import AgentSocket, LiveSocket  # noqa: E402
from mailagent.http_handler import OneHopHandler  # noqa: E402
from tracking.answering import Answering  # noqa: E402
from tracking.consumers import TrackingDoor  # noqa: E402


async def no_such_socket(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Any other path."""
    await refuse(scope, send, 404, "NOT_FOUND", "There is no such socket.")


agents: Any = KeyRequired(AgentSocket.as_asgi())
# A browser sends its cookie from any page: only our own may listen.
pages: Any = AllowedHostsOriginValidator(SessionRequired(LiveSocket.as_asgi()))
others: Any = no_such_socket
answering = Answering()
application = ProtocolTypeRouter(
    {
        "http": TrackingDoor(OneHopHandler(), answering),
        "websocket": URLRouter(
            [
                path("v1/ws", agents),
                path("live", pages),
                re_path(r"", others),
            ]
        ),
    }
)
