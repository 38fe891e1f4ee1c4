"""The worked example, as it ships: by its keywords, and with a model that it asks."""

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from drafts.models import Draft
from tests.drafts.mail import receive

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "triage_agent.py"
THOUGHT = {
    "category": "bug",
    "confidence": 0.8,
    "reasoning": "It does not open.",
    "answer": "Which version is it?",
}


class Model(BaseHTTPRequestHandler):
    """One answer of an OpenAI-compatible endpoint, whatever is asked."""

    asked: list[dict] = []

    def do_POST(self):
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        choices = [{"message": {"role": "assistant", "content": json.dumps(THOUGHT)}}]
        octets = json.dumps({"choices": choices}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *_):
        pass


@pytest.fixture
def model():
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Model.asked.clear()
        yield {
            "OPENAI_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1",
            "OPENAI_API_KEY": "any",
        }
        server.shutdown()


def draft_by_agent(web, key, inbox, **environment) -> Draft:
    told = {"PATH": os.environ["PATH"], "MAILAGENT_URL": web.http, "MAILAGENT_API_KEY": key}
    agent = subprocess.Popen(
        [sys.executable, str(EXAMPLE)], stdout=subprocess.PIPE, text=True, env=told | environment
    )
    try:
        assert agent.stdout.readline() == "Listening for mail.\n"
        receive(inbox, subject="The app", body="Please refund my last invoice.")
        said = agent.stdout.readline()
        deadline = time.monotonic() + 10
        while not (draft := Draft.objects.first()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert draft, said
        return draft
    finally:
        agent.terminate()
        agent.wait(10)
        agent.stdout.close()


def test_without_a_model_it_goes_by_its_keywords(web, key, inbox):
    draft = draft_by_agent(web, key, inbox)

    assert (draft.category, draft.status) == ("billing", Draft.Status.PENDING)
    assert draft.metadata["llmReasoning"] == "The mail says invoice, refund."


def test_with_a_model_it_drafts_what_the_model_says(web, key, inbox, model):
    draft = draft_by_agent(web, key, inbox, **model)

    assert (draft.category, draft.revision.plain_body) == ("bug", "Which version is it?")
    assert draft.metadata == {"confidence": 0.8, "llmReasoning": "It does not open."}
    assert Model.asked[0]["messages"][-1]["content"].startswith("Please refund")
