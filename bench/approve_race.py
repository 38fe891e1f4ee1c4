"""200 drafts, 8 who let each out at once (6 reviewers in the dashboard, 2 agents over the API):
exactly 200 mails must come of it.

    MAILAGENT_TRANSPORT=catcher python3 manage.py up      # in another terminal
    .venv/bin/python -m bench.approve_race --drafts 200
"""

import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx

from bench.running import api, arguments, client, demo, machine, mail, signed_in

APPROVERS, AGENTS = 6, 2


def make_drafts(found: dict[str, Any], count: int) -> list[str]:
    """One incoming mail and one pending draft each."""
    inbox = found["inbox"]["email"]
    marks = [uuid4().hex for _ in range(count)]
    with client(found) as smtp:
        for mark in marks:
            smtp.sendmail("ann@example.net", [inbox], mail(mark, rcpt_to=inbox, size=600))
    with api(found) as agent:
        messages: list[str] = []
        while len(messages) < count:
            page = agent.get(
                f"/inboxes/{inbox}/messages",
                params={"limit": 200, "offset": len(messages), "direction": "inbound"},
            ).raise_for_status()
            messages += [row["id"] for row in page.json()["messages"]]
        made = [
            agent.post(
                f"/inboxes/{inbox}/drafts",
                json={"replyToMessageId": message_id, "plainBody": "Thank you."},
            ).raise_for_status()
            for message_id in messages[:count]
        ]
    return [answer.json()["id"] for answer in made]


def form_of(browser: httpx.Client, draft_id: str) -> dict[str, str]:
    """What the editor would send: version, hash, thread head, text."""
    page = browser.get(f"/drafts/{draft_id}").raise_for_status().text
    hidden = re.findall(r'<input type="hidden" name="(\w+)"[^>]*value="([^"]*)"', page)
    return {name: value for name, value in hidden if name != "csrfmiddlewaretoken"}


def race(found: dict[str, Any], draft_ids: list[str]) -> Counter[str]:
    """All of them at the same moment, for one draft after the other."""
    browsers = [signed_in(found) for _ in range(APPROVERS)]
    agents = [api(found) for _ in range(AGENTS)]
    inbox = found["inbox"]["email"]
    outcomes: Counter[str] = Counter()
    barrier = threading.Barrier(APPROVERS + AGENTS)

    def approve(browser: httpx.Client, draft_id: str, form: dict[str, str]) -> str:
        barrier.wait()
        answer = browser.post(f"/drafts/{draft_id}/approve", data=form)
        return f"dashboard {answer.status_code}"

    def send(agent: httpx.Client, draft_id: str) -> str:
        barrier.wait()
        answer = agent.post(f"/inboxes/{inbox}/drafts/{draft_id}/send", json={})
        return f"api {answer.status_code} {answer.json().get('code', answer.json().get('status'))}"

    with ThreadPoolExecutor(APPROVERS + AGENTS) as pool:
        for draft_id in draft_ids:
            forms = [form_of(browser, draft_id) for browser in browsers]
            waiting = [
                pool.submit(approve, browser, draft_id, form)
                for browser, form in zip(browsers, forms, strict=True)
            ]
            waiting += [pool.submit(send, agent, draft_id) for agent in agents]
            outcomes.update(each.result() for each in waiting)
    return outcomes


def count_mails(found: dict[str, Any], draft_ids: list[str]) -> tuple[int, int]:
    """Messages that came of the drafts, and deliveries of theirs that were sent."""
    inbox = found["inbox"]["email"]
    messages, sent = set(), 0
    with api(found) as agent:
        for draft_id in draft_ids:
            draft = agent.get(f"/inboxes/{inbox}/drafts/{draft_id}").raise_for_status().json()
            messages.add(draft["messageId"])
            thread = agent.get(f"/inboxes/{inbox}/threads/{draft['threadId']}").json()
            out = [m for m in thread["messages"] if m["direction"] == "outbound"]
            sent += sum(d["status"] == "sent" for m in out for d in m["deliveries"])
    return len(messages - {None}), sent


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--drafts", type=int, default=200)
    asked = parser.parse_args()
    found = demo(asked.state)
    draft_ids = make_drafts(found, asked.drafts)
    start = time.perf_counter()
    outcomes = race(found, draft_ids)
    print(machine())
    took = time.perf_counter() - start
    print(f"{len(draft_ids)} drafts, {APPROVERS + AGENTS} at each, in {took:.1f} s")
    for outcome, number in sorted(outcomes.items()):
        print(f"  {outcome}: {number}")
    end = time.monotonic() + 90  # the hold, and the queue
    messages, sent = count_mails(found, draft_ids)
    while sent < len(draft_ids) and time.monotonic() < end:
        time.sleep(2)
        messages, sent = count_mails(found, draft_ids)
    print(f"messages {messages}, deliveries sent {sent}, wanted {len(draft_ids)}")
    raise SystemExit(0 if messages == sent == len(draft_ids) else 1)


if __name__ == "__main__":
    main()
