"""Hostile bodies in a real browser: nothing runs, nothing leaves."""

import json
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from inboxes.arrival import deliver
from inboxes.models import Inbox, Message
from tests.events.listening import ROOT
from tests.inboxes.letters import envelope_for

pytestmark = pytest.mark.browser

CORPUS = ROOT.parent / "shared" / "corpora" / "html_sanitising"
OWN = [
    "<p onclick=alert(1)>Hi<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<iframe src='javascript:alert(1)'></iframe><iframe srcdoc='<script>alert(1)</script>'>",
    "<form action=https://evil.example><button autofocus onfocus=alert(1)>x</button></form>",
    "<style>@import url(https://evil.example/a.css);p{background:url(//evil.example/b)}</style>",
    "<link rel=stylesheet href=https://evil.example/c.css><base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<img srcset='https://evil.example/d 2x'>",
    "<video poster=//evil.example/e><audio src=//evil.example>",
    "<div style=\"background-image:url('https://evil.example/f')\">x</div>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<object data=https://evil.example/g></object><embed src=https://evil.example/h>",
]


def hostile_bodies() -> list[str]:
    """Our own, and those of the corpus where it stands beside the checkout."""
    tables = sorted(CORPUS.glob("*/expected.json"))
    cases = [case for table in tables for case in json.loads(table.read_text())]
    return OWN + [case["html"].replace("\0", "") for case in cases if case.get("html")]


def mail_of(inbox: Inbox, html: str) -> Message:
    """The mail, with that HTML whatever it is: the parser shall not have the only word."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = '"<script>alert(1)</script>" <eve@evil.example>', inbox.email
    mail["Subject"] = "<img src=x onerror=alert(1)>"
    mail["Message-ID"] = "<hostile@evil.example>"
    mail.set_content("<script>alert(1)</script>")
    mail.add_alternative("<p>Hello", subtype="html")
    (message,) = deliver(envelope_for(inbox), mail.as_bytes())
    Message.objects.filter(pk=message.pk).update(html_body=html)
    return message


def test_nothing_of_hostile_mail_runs_or_leaves(sit_down, inbox, alice):
    """All bodies, one below the other; `sit_down` fails on any dialog, complaint or request."""
    bodies = hostile_bodies()
    seat = sit_down(alice)
    message = mail_of(inbox, "")
    for start in range(0, len(bodies), 40):
        html = "\n<hr>\n".join(f"<div>{body}</div>" for body in bodies[start : start + 40])
        Message.objects.filter(pk=message.pk).update(html_body=html)
        show(seat.page, message)
    for html in OWN:
        Message.objects.filter(pk=message.pk).update(html_body=html)
        show(seat.page, message)


def show(page, message: Message) -> None:
    page.goto(f"/conversations/{message.thread_id}")
    page.get_by_text("Show as the sender designed it").click()
    frame = page.locator("iframe").element_handle().content_frame()
    frame.wait_for_url(f"**/messages/{message.pk}/body")
    assert frame.locator("script, iframe, form, object, embed, link, base[href]").count() == 0
    assert page.locator("iframe").get_attribute("sandbox") == (
        "allow-popups allow-popups-to-escape-sandbox"
    )


def test_a_script_that_slipped_through_would_not_run(sit_down, inbox, alice, web):
    """The sandbox and the frame's policy hold by themselves."""
    seat = sit_down(alice)
    page = seat.page
    message = mail_of(inbox, "<p id=here>Hello</p>")
    page.goto(f"/conversations/{message.thread_id}")
    policy = page.request.get(f"/messages/{message.pk}/body").headers["content-security-policy"]
    hostile = "<p id=here>Hello</p><img src=x onerror='document.title=1'><script>top.x=1</script>"
    page.route(
        "**/body",
        lambda route: route.fulfill(
            body=hostile, headers={"content-security-policy": policy, "content-type": "text/html"}
        ),
    )
    page.reload()
    with page.expect_console_message(lambda each: "Blocked script execution" in each.text):
        page.get_by_text("Show as the sender designed it").click()
    page.frame_locator("iframe").locator("#here").wait_for()

    assert page.evaluate("window.x") is None
    seat.complaints.clear()


def test_remote_pictures_are_told_of_and_not_loaded(sit_down, inbox, alice):
    page = sit_down(alice).page
    message = mail_of(inbox, "<p>Hello</p><img src='https://evil.example/pixel.gif'>")
    show(page, message)

    note = page.frame_locator("iframe").get_by_text("Remote images are not loaded")
    note.wait_for()


def test_corpus_was_used():
    if not CORPUS.is_dir():
        pytest.skip("corpora absent: html_sanitising is not beside the checkout")
    assert len(hostile_bodies()) > 300
