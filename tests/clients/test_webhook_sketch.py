"""A program as people write it from the product's public documentation, with a webhook."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from drafts.models import Draft
from events.webhooks.courier import Courier
from inboxes.models import Inbox
from tests.clients.test_typescript import IMPORT, NODE
from tests.drafts.mail import receive

SKETCH_B = """
import { createServer } from "node:http";

const mam = new MyAgentMail({ apiKey: process.env.KEY, baseUrl: process.env.URL });
let answered = 0;

async function handle({ messageId, inboxId }) {
  const message = await mam.messages.get(inboxId, messageId);
  const thread = await mam.messages.threadList(inboxId, message.threadId);
  const plainBody = `Thank you for writing about ${thread.subject}.`;
  const htmlBody = `<p>${plainBody}</p>`;
  if (message.subject.includes("question")) {
    await mam.messages.reply(inboxId, messageId, { plainBody, htmlBody });
  } else {
    await mam.drafts.create(inboxId, {
      to: message.from,
      subject: `Re: ${message.subject}`,
      plainBody,
      htmlBody,
      metadata: { confidence: 0.62, llmReasoning: "They ask for money back." },
    });
  }
}

const receiver = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", async () => {
    await handle(JSON.parse(body));
    response.end();
    answered += 1;
    if (answered === 2) { receiver.close(); receiver.closeIdleConnections(); }
  });
});

receiver.listen(0, "127.0.0.1", async () => {
  const inbox = await mam.inboxes.create({ username: "helper", domain: "acme.example" });
  await mam.webhooks.create({
    url: `http://127.0.0.1:${receiver.address().port}/hook`,
    events: ["message.received"],
    inboxId: inbox.id,
  });
  console.log(inbox.id);
});
"""


@pytest.fixture
def courier(transactional_db, settings) -> Iterator[Courier]:
    """What carries webhooks, in threads of this test."""
    settings.WEBHOOK_ALLOW = ["127.0.0.0/8"]
    running = Courier()
    running.start()
    yield running
    running.stop(patience=30)


@pytest.mark.skipif(NODE is None, reason="node absent: what runs in it is not run.")
def test_sketch_b_answers_what_its_webhook_is_told(web, courier, workspace_key, tmp_path):
    environment = {**os.environ, "KEY": workspace_key, "URL": web.http}
    told = tmp_path / "stderr"
    with told.open("w") as errors:
        program = subprocess.Popen(
            [str(NODE), "--input-type=module", "-e", IMPORT + SKETCH_B],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        )
    try:
        assert program.stdout is not None
        inbox_id = program.stdout.readline().strip()
        assert inbox_id, told.read_text()
        inbox = Inbox.objects.get(pk=inbox_id)
        receive(inbox, subject="A question", number=1)
        receive(inbox, subject="My invoice", number=2)
        assert program.wait(40) == 0, told.read_text()
    finally:
        program.kill()
        program.wait()

    drafts = Draft.objects.filter(inbox=inbox).order_by("revision__subject")
    asked, proposed = (draft.revision for draft in drafts)
    assert (asked.subject, proposed.subject) == (
        "Re: A question",
        "Re: My invoice",
    )
    assert drafts[1].metadata == {"confidence": 0.62, "llmReasoning": "They ask for money back."}
    assert "ann@customer.example" in str(proposed.to)
