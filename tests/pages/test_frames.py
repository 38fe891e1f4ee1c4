"""Hostile mail: shown in a frame of its own, or handed over as a file, and nowhere else."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest

from drafts import review
from inboxes.arrival import deliver
from inboxes.models import Message
from outbound.compose import OutgoingFile
from tests.inboxes.letters import envelope_for
from tests.pages.proposals import approve, propose

HOSTILE = (
    "<p onclick=alert(1)>Hello<script>alert(2)</script><img src=https://evil.example/p.gif>"
    "<img src='cid:logo'><a href='javascript:alert(3)'>x</a></p>"
)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def message(inbox) -> Message:
    """A designed mail with an inline picture and a file."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = '"<b>Ann</b>" <ann@customer.example>', inbox.email
    mail["Subject"], mail["Message-ID"] = "<script>", "<h1@customer.example>"
    mail.set_content("Hello")
    mail.add_alternative(HOSTILE, subtype="html")
    mail.get_payload()[1].add_related(PNG, "image", "png", cid="<logo>")
    name = '"><script>.html'
    mail.add_attachment(b"<script>", maintype="text", subtype="html", filename=name)
    return deliver(envelope_for(inbox), mail.as_bytes())[0]


def test_a_body_is_clean_and_carries_a_policy_of_its_own(page, message):
    response = page.get(f"/messages/{message.pk}/body")
    shown, policy = response.content.decode(), response["Content-Security-Policy"]

    assert "Hello" in shown
    assert not any(evil in shown for evil in ("<script", "onclick", "evil.example", "javascript:"))
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Referrer-Policy"] == "no-referrer"


def test_a_picture_of_the_mail_itself_is_shown(page, message):
    assert b"data:image/png;base64," in page.get(f"/messages/{message.pk}/body").content


def test_the_reader_is_told_that_remote_pictures_are_left_out(page, message):
    assert b"Remote images are not loaded" in page.get(f"/messages/{message.pk}/body").content


def test_a_page_shows_a_body_only_in_a_sandbox(page, message):
    shown = page.get(f"/messages/{message.pk}").content.decode()

    assert '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown
    assert "onclick" not in shown
    assert "<b>Ann</b>" not in shown
    assert "&lt;b&gt;Ann&lt;/b&gt;" in shown


def test_a_file_is_always_a_download_of_no_type(page, message):
    file = message.attachments.get(inline=False)
    response = page.get(f"/messages/{message.pk}/attachments/{file.pk}")

    assert response.getvalue() == b"<script>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_a_file_of_another_message_is_not_found(page, inbox, message, draft):
    file = message.attachments.get(inline=False)
    other = draft.reply_to_message_id

    assert page.get(f"/messages/{other}/attachments/{file.pk}").status_code == 404


def test_the_reply_is_shown_as_the_customer_will_see_it(page, inbox):
    inbox.signature = "Acme <Support>"
    inbox.save(update_fields=["signature"])
    draft = propose(inbox, html_body=f"<b>Hello Ann</b>{HOSTILE}")
    shown = page.get(f"/drafts/{draft.pk}/body").content.decode()

    assert "<b>Hello Ann</b>" in shown
    assert "Acme &lt;Support&gt;" in shown
    assert "<script" not in shown
    assert "designed this mail in HTML" in page.get(f"/drafts/{draft.pk}").content.decode()


def test_files_that_go_with_a_reply_are_in_sight(page, draft):
    review.revise(
        draft,
        by=draft.created_by,
        changes={"files": [OutgoingFile("map<1>.pdf", "application/pdf", b"%PDF")]},
        version=None,
    )
    file = draft.files.get()

    assert "map&lt;1&gt;.pdf" in page.get(f"/drafts/{draft.pk}").content.decode()
    assert page.get(f"/drafts/{draft.pk}/files/{file.pk}").getvalue() == b"%PDF"


def test_octets_of_caught_mail_are_plain_text(page, message, inbox, alice, settings):
    settings.TRANSPORT = "catcher"
    approve(propose(inbox), alice)
    sent = Message.objects.get(direction=Message.Direction.OUTBOUND)
    response = page.get(f"/dev/outbox/{sent.pk}")

    assert page.get(f"/dev/outbox/{message.pk}").status_code == 404
    assert response["Content-Type"].startswith("text/plain")
    assert "sandbox" in response["Content-Security-Policy"]
    assert b"From: " in response.content


def test_there_is_no_tray_where_mail_really_leaves(page, message, settings):
    settings.TRANSPORT = "direct"

    assert page.get("/dev/outbox").status_code == 404
    assert page.get(f"/dev/outbox/{message.pk}").status_code == 404
    assert b"Caught mail" not in page.get("/").content


def test_no_page_holds_script_or_style_of_its_own(page, draft, message):
    for path in (
        "/",
        f"/drafts/{draft.pk}",
        "/outbox",
        "/conversations",
        f"/messages/{message.pk}",
    ):
        response = page.get(path)
        shown = response.content.decode()
        assert "<style" not in shown
        assert " style=" not in shown
        assert "<script>" not in shown
        assert "'unsafe" not in response["Content-Security-Policy"]
