"""A running server, a customer's mail in it, and a small HTTP server that does as it is told."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from mailagent_client import MailAgent

from accounts import keys
from accounts.models import ApiKey
from inboxes.models import Inbox, Message
from tests.drafts.mail import receive
from tests.events.listening import Web, free_port, start_web, stop_web


def told(count: int, read: Callable[[], list[Any]], *, within: float = 20.0) -> list[Any]:
    """So many events. The log shows one once no older transaction of the database runs."""
    deadline = time.monotonic() + within
    while len(events := read()) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(events) == count
    return events


@pytest.fixture(scope="module")
def running_web(django_db_setup: None) -> Iterator[Web]:
    web = start_web(free_port(), MAILAGENT_WEBHOOK_ALLOW="127.0.0.0/8")
    yield web
    stop_web(web)


@pytest.fixture
def web(transactional_db: None, running_web: Web) -> Web:
    """A web process on the test's database, whose rows other processes see."""
    return running_web


@pytest.fixture
def received(web: Web, inbox: Inbox) -> Message:
    return receive(inbox)


@pytest.fixture
def api(web: Web, key: str) -> Iterator[MailAgent]:
    with MailAgent(key, web.http) as client:
        yield client


@pytest.fixture
def workspace_key(web: Web, inbox: Inbox) -> str:
    return keys.issue(
        ApiKey.Kind.WORKSPACE,
        workspace=inbox.workspace,
        inbox_id=None,
        name="builder",
        permissions=ApiKey.Permission.values,
        created_by="test",
    )[1]


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """Answers what it was told to, one after the other; the last one from then on."""

    url: str
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        """0 hangs up without an answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, named, body))


def _handler(scripted: Scripted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            scripted.asked.append(Asked(self.command, self.path, headers, body))
            told = scripted.answers
            status, more, answer = told.pop(0) if len(told) > 1 else told[0]
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def serve() -> Iterator[Callable[[], Scripted]]:
    """Start a server that does as it is told."""
    servers: list[ThreadingHTTPServer] = []

    def start() -> Scripted:
        scripted = Scripted("")
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(scripted))
        scripted.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return scripted

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def scripted(serve: Callable[[], Scripted]) -> Scripted:
    return serve()
