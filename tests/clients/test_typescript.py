"""The TypeScript client: its own tests, and its flows against a running server, in Node."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from drafts.models import Draft
from tests.clients.conftest import told
from tests.drafts.mail import receive
from tests.events.listening import tell

CLIENT = Path(__file__).resolve().parents[2] / "clients" / "typescript"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node absent: what runs in it is not run.")
IMPORT = f'import {{ MyAgentMail, MailAgentError }} from "{CLIENT.as_uri()}/src/index.js";\n'


def run_node(script: str, *options: str, **environment: str) -> list[Any]:
    """Run an ES module; what it printed, a JSON value on each line."""
    done = subprocess.run(
        [str(NODE), *options, "--no-warnings", "--input-type=module", "-e", IMPORT + script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_its_own_tests():
    done = subprocess.run(
        [str(NODE), "--test"], cwd=CLIENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_draft_from_a_mail(web, key, inbox, received):
    script = """
    const mam = new MyAgentMail({ apiKey: process.env.KEY, baseUrl: process.env.URL });
    const inboxId = process.env.INBOX;
    const { messages: [{ id }] } = await mam.messages.list(inboxId, { unread: true });
    const message = await mam.messages.get(inboxId, id);
    const thread = await mam.messages.threadList(inboxId, message.threadId);
    const draft = await mam.drafts.create(inboxId, {
      replyToMessageId: id, plainBody: "Soon.", metadata: { confidence: 0.5, snake_case: 1 },
    });
    await mam.drafts.update(inboxId, draft.id, { plainBody: "Now." }, { ifMatch: draft.version });
    const outcome = await mam.drafts.send(inboxId, draft.id);
    const kept = await mam.drafts.get(inboxId, draft.id);
    const refused = await mam.inboxes.get("nobody@acme.example").catch((error) => error.code);
    console.log(JSON.stringify([thread.messages.length, outcome.status, kept.plainBody, refused]));
    """
    (printed,) = run_node(script, KEY=key, URL=web.http, INBOX=str(inbox.pk))
    assert printed == [1, "pending_review", "Now.", "NOT_FOUND"]
    assert Draft.objects.get().metadata == {"confidence": 0.5, "snake_case": 1}


LISTEN = """
const mam = new MyAgentMail({ apiKey: process.env.KEY, baseUrl: process.env.URL });
const inboxId = process.env.INBOX;
const seen = [];
const wanted = { eventTypes: ["message.received"], inboxIds: [inboxId], after: process.env.AFTER };
for await (const event of mam.listen(wanted)) {
  seen.push([event.event, event.messageId, event.subject]);
  if (seen.length === 2) break;
}
console.log(JSON.stringify([Boolean(globalThis.WebSocket), seen]));
process.exit(0);
"""


def switched(way: str) -> list[str]:
    """The options with which Node listens in that way."""
    has_socket = run_node("console.log(Boolean(globalThis.WebSocket))") == [True]
    return [] if has_socket == (way == "socket") else [_SWITCH[way]]


@pytest.mark.parametrize("way", ["socket", "polling"])
def test_listening_goes_on_after_a_cursor(web, key, inbox, api, way):
    receive(inbox, number=0)
    (before,) = told(1, lambda: list(api.events.list(types=["message.received"])))
    heard = [receive(inbox, number=number, subject=f"no. {number}") for number in (1, 2)]

    (printed,) = run_node(
        LISTEN, *switched(way), KEY=key, URL=web.http, INBOX=str(inbox.pk), AFTER=before["cursor"]
    )
    assert printed == [
        way == "socket",
        [["message.received", str(one.pk), one.subject] for one in heard],
    ]


LISTEN_FOR_JUNK = """
const mam = new MyAgentMail({ apiKey: process.env.KEY, baseUrl: process.env.URL });
const first = async (wanted) => {
  const events = mam.listen({ after: process.env.AFTER, ...wanted });
  for await (const { subject } of events) return subject;
};
console.log(JSON.stringify([await first({}), await first({ includeSpam: true })]));
process.exit(0);
"""


@pytest.mark.parametrize("way", ["socket", "polling"])
def test_junk_is_told_of_to_those_who_ask(web, key, inbox, api, way):
    place = inbox.workspace_id, inbox.pk
    tell(*place, subject="first")
    (before,) = told(1, lambda: list(api.events.list()))
    tell(*place, subject="junk", spam=True)
    tell(*place, subject="letter")

    (printed,) = run_node(
        LISTEN_FOR_JUNK, *switched(way), KEY=key, URL=web.http, AFTER=before["cursor"]
    )
    assert printed == ["letter", "junk"]


# Node 20 has the WebSocket on request, Node 22 without being asked.
_SWITCH = {"socket": "--experimental-websocket", "polling": "--no-experimental-websocket"}
