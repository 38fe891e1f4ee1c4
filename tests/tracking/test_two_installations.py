"""Two whole installations whose agents answer everything at once, over SMTP: they fall silent by
themselves, by the marks of their mail and, where a relay between them takes these off, by count."""

import asyncio
import json
import os
import re
import secrets
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from drafts.loops import MOST_PER_HOUR
from tests.dns_server import DnsServer
from tests.supervisor.conftest import ROOT, processes_with
from tests.supervisor.whole_system import Up, free_ports

pytestmark = pytest.mark.stack
QUIET = 6.0  # seconds without a mail or a draft: an answer takes less than one
LONGEST = 45.0

OPEN = """
import json, sys
from accounts import keys
from accounts.models import ApiKey, Workspace
from inboxes.models import Domain, Inbox
from inboxes.opening import open_inbox
from outbound.signing import new_domain_keys

workspace = Workspace.objects.create(name="Agents")
domain = Domain.objects.create(workspace=workspace, name="{name}.example", status="verified",
                               inbound_enabled=True, outbound_enabled=True)
new_domain_keys(domain)
inbox = open_inbox(workspace, domain, "agent", by="test", review_mode="off").inbox
Inbox.objects.filter(pk=inbox.pk).update(hold_seconds=0)
_, key = keys.issue(ApiKey.Kind.INBOX, workspace=workspace, inbox_id=inbox.pk, name="eager",
                    permissions=ApiKey.Permission.values, created_by="test")
print(json.dumps(dict(id=str(inbox.pk), key=key)))
"""


class Installation:
    """A whole system with an inbox, agent@<name>.example, and the eager agent of it."""

    def __init__(self, name: str, up: Up) -> None:
        self.email = f"agent@{name}.example"
        self.up = up
        opened = subprocess.run(
            [
                *(sys.executable, str(ROOT / "manage.py"), "shell", "-v", "0", "-c"),
                OPEN.format(name=name),
            ],
            env=up.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        made = json.loads(opened.stdout.splitlines()[-1])
        self._at = f"/v1/inboxes/{made['id']}"
        self._api = httpx.Client(
            base_url=f"http://127.0.0.1:{up.web_port}",
            headers={"X-API-Key": made["key"]},
            timeout=30,
        )
        self._answered: set[str] = set()

    def messages(self, direction: str) -> list[dict[str, Any]]:
        answer = self._api.get(f"{self._at}/messages?direction={direction}&limit=100")
        found: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
        return found

    def sent(self) -> list[dict[str, Any]]:
        return [each for each in self.messages("outbound") if each["status"] == "sent"]

    def drafts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._api.get(f"{self._at}/drafts").json()["drafts"]
        return [draft for draft in found if draft["status"] == "pending"]

    def suspicions(self) -> list[dict[str, Any]]:
        answer = self._api.get("/v1/events?types=loop.suspected")
        found: list[dict[str, Any]] = answer.raise_for_status().json()["events"]
        return found

    def answer_all(self) -> int:
        """Answer every mail that was not answered. Returns how many."""
        new = [each["id"] for each in self.messages("inbound") if each["id"] not in self._answered]
        for message_id in new:
            self._answered.add(message_id)
            body = {"plainBody": "Thank you! And?"}
            self._api.post(f"{self._at}/reply/{message_id}", json=body).raise_for_status()
        return len(new)

    def take(self, sender: str, subject: str) -> None:
        """A mail for the agent, by the front door."""
        raw = (
            f"From: {sender}\r\nTo: {self.email}\r\nSubject: {subject}\r\n"
            f"Message-ID: <{secrets.token_hex(8)}@west.example>\r\n\r\nHello? And?\r\n"
        )
        with smtplib.SMTP("127.0.0.1", self.up.smtp_port, timeout=30) as smtp:
            smtp.sendmail(sender, [self.email], raw)


def published(name: str) -> dict[tuple[str, str], list[str]]:
    """Mail of a domain may come from this machine."""
    spf = ['"v=spf1 ip4:127.0.0.1 -all"']
    return {(f"{name}.example", "TXT"): spf, (f"{name}.example", "A"): ["127.0.0.1"]}


class Relay:
    """A smarthost that passes mail on; while `strips`, without what says that it is automatic."""

    MARKS = re.compile(rb"(?im)^(?:Auto-Submitted|Precedence|X-Auto-Response-Suppress):.*\r\n")

    def __init__(self, to_port: int) -> None:
        self.strips = False
        self._to_port = to_port
        self._controller = Controller(self, hostname="127.0.0.1", port=free_ports(1)[0])
        self._controller.start()
        self.url = f"smtp://127.0.0.1:{self._controller.port}?tls=never"

    async def handle_DATA(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Envelope
    ) -> str:
        raw = bytes(envelope.original_content or b"")
        raw = self.MARKS.sub(b"", raw) if self.strips else raw
        await asyncio.to_thread(self._pass_on, str(envelope.mail_from), envelope.rcpt_tos, raw)
        return "250 2.0.0 passed on"

    def _pass_on(self, mail_from: str, rcpt_tos: list[str], raw: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self._to_port, timeout=30) as smtp:
            smtp.sendmail(mail_from, rcpt_tos, raw)

    def close(self) -> None:
        self._controller.stop()


@dataclass(frozen=True)
class Pair:
    """Two installations; each sends all its mail to the other, over a relay."""

    west: Installation
    east: Installation
    relays: list[Relay]

    def both(self) -> tuple[Installation, Installation]:
        return self.west, self.east

    def until_silent(self) -> None:
        """Have both answer whatever comes, until nothing has come for a while."""
        ends = time.monotonic() + LONGEST
        last = time.monotonic()
        while time.monotonic() - last < QUIET:
            assert time.monotonic() < ends, "They go on and on."
            if sum(agent.answer_all() for agent in self.both()):
                last = time.monotonic()
            time.sleep(0.1)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("two")
    dns = DnsServer({**published("west"), **published("east")})
    ports = free_ports()
    relays = [Relay(ports[1]), Relay(ports[0])]
    started = [
        Up(
            folder / name,
            waits=False,
            MAILAGENT_SMTP_PORT=str(port),
            MAILAGENT_TRANSPORT=relay.url,
            MAILAGENT_DNS=dns.address,
        )
        for name, port, relay in zip(("west", "east"), ports, relays, strict=True)
    ]
    try:
        for up in started:
            up.wait_until_open()
        with ThreadPoolExecutor(2) as at_once:
            west, east = at_once.map(Installation, ("west", "east"), started)
        yield Pair(west, east, relays)
    finally:
        for up in started:
            if up.process.poll() is None:
                up.stop()
        for pid in processes_with(str(folder)):
            os.kill(pid, signal.SIGKILL)
        for relay in relays:
            relay.close()
        dns.close()


def test_two_eager_installations_know_each_other_by_their_marks(pair):
    pair.east.take(pair.west.email, "Hello")
    pair.until_silent()

    assert [each["subject"] for each in pair.east.sent()] == ["Re: Hello"]
    assert pair.west.sent() == []
    (draft,) = pair.west.drafts()
    assert draft["reviewReason"] == "It answers an automatic message."


def test_without_their_marks_they_fall_silent_within_the_limit_of_an_hour(pair):
    for relay in pair.relays:
        relay.strips = True
    for subject in ("A question", "Another matter"):  # a new thread does not begin to count anew
        pair.east.take(pair.west.email, subject)
        pair.until_silent()

    for agent in pair.both():
        assert 2 <= len(agent.sent()) <= MOST_PER_HOUR
    assert pair.west.suspicions() + pair.east.suspicions()
    reasons = [draft["reviewReason"] for agent in pair.both() for draft in agent.drafts()]
    assert any("mail loop is suspected" in reason for reason in reasons)
