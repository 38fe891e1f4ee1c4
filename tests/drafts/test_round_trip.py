"""The whole way round, with the real queue and transport: mail in, draft, decision, mail out."""

import pytest

from drafts import review
from drafts.models import Draft
from events import audit
from events.models import Event
from inboxes import mime
from inboxes.models import Inbox, MessageRaw
from outbound import attempts
from outbound.models import Delivery
from outbound.signing import new_domain_keys
from tests.drafts.mail import CUSTOMER, claim, receive

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_approved_leaves_octet_for_octet_and_its_answer_comes_back(
    inbox, draft, received, approve, settings
):
    settings.TRANSPORT = "catcher"
    Inbox.objects.update(hold_seconds=0)
    approved = approve(draft)
    frozen = bytes(MessageRaw.objects.get(message=approved.message_id).octets)

    claimed = claim(approved.message)
    assert claimed is not None
    attempts.attempt(claimed)

    draft.refresh_from_db()
    assert draft.status == "sent"
    assert Delivery.objects.get().status == "sent"
    told = set(Event.objects.filter(inbox_id=inbox.pk).values_list("type", flat=True))
    assert {"message.received", "draft.approved", "draft.sent", "message.sent"} <= told
    assert bytes(MessageRaw.objects.get(message=approved.message_id).octets) == frozen

    parsed = mime.parse(frozen)
    assert "It is on its way." in parsed.plain_body
    assert "It is on its way." in parsed.html_body
    answer = receive(inbox, answers=approved.message, subject="RE: your parcel", number=9)
    assert answer.thread_id == received.thread_id
    assert answer.thread.message_count == 3
    assert audit.verify(inbox.workspace_id) == []


def test_the_customers_second_mail_begins_the_next_draft(inbox, agent, draft, approve, settings):
    settings.TRANSPORT = "catcher"
    Inbox.objects.update(hold_seconds=0)
    approved = approve(draft)
    claimed = claim(approved.message)
    assert claimed is not None
    attempts.attempt(claimed)
    answer = receive(inbox, answers=approved.message, subject="Re: x", number=9)

    following = review.create(inbox, by=agent, reply_to_message=answer, plain_body="Gladly.")

    assert following.pk != draft.pk
    assert (following.stale, following.thread_head_id) == (False, answer.pk)
    again = mime.parse(bytes(MessageRaw.objects.get(message=approve(following).message_id).octets))
    assert again.references[-1] == answer.header_message_id
    assert approved.message.header_message_id in again.references
    assert [a.addr_spec for a in again.to] == [CUSTOMER]
    assert Draft.objects.count() == 2


def test_the_caught_octets_are_shown_as_they_would_have_left(
    inbox, draft, approve, alice, client, settings
):
    settings.TRANSPORT = "catcher"
    new_domain_keys(inbox.domain)
    message = approve(draft).message
    frozen = bytes(MessageRaw.objects.get(message=message).octets)
    client.force_login(alice)

    shown = client.get(f"/dev/outbox/{message.pk}").content

    assert shown.endswith(frozen)
    assert shown.count(b"DKIM-Signature: ") == 2
