"""Who else is at the desk, and a text that an agent offers."""

import pytest
from django.urls import reverse

from drafts import presence
from drafts.models import Draft
from tests.pages.proposals import form_of


def viewers(client, draft) -> str:
    return client.get(reverse("draft-viewers", args=[draft.pk])).content.decode()


def test_the_desk_shows_who_else_views_the_draft(page, page_of_bob, draft):
    page.get(reverse("draft", args=[draft.pk]))

    assert (
        "Alice is here, too" in page_of_bob.get(reverse("draft", args=[draft.pk])).content.decode()
    )
    assert "Bob is here, too" in viewers(page, draft)
    assert "Alice" not in viewers(page, draft)


def test_one_who_leaves_is_gone_and_one_who_only_stays_away_soon(
    page, page_of_bob, draft, monkeypatch
):
    page_of_bob.get(reverse("draft", args=[draft.pk]))
    page_of_bob.post(reverse("draft-viewers", args=[draft.pk]))
    assert "Bob" not in viewers(page, draft)

    page_of_bob.get(reverse("draft", args=[draft.pk]))
    monkeypatch.setattr(presence, "SEEN_FOR", -1.0)
    assert "Bob" not in viewers(page, draft)


def test_without_valkey_the_desk_shows_nobody_and_works(page, page_of_bob, draft, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    presence._client.cache_clear()
    try:
        page_of_bob.get(reverse("draft", args=[draft.pk]))
        assert page.get(reverse("draft", args=[draft.pk])).status_code == 200
        assert page.post(reverse("draft-viewers", args=[draft.pk])).status_code == 204
    finally:
        presence._client.cache_clear()


@pytest.fixture
def offered(page, draft) -> Draft:
    """A draft that Alice edited, and for which its agent then offered another text."""
    page.post(reverse("draft-edit", args=[draft.pk]), form_of(draft, plain_body="Mine."))
    first = draft.revisions.order_by("sequence").first()
    draft.revisions.create(
        sequence=99,
        parent=first,
        author=first.author,
        subject=first.subject,
        to=first.to,
        plain_body="The agent's second thought.",
        html_body="<p>The agent's second thought.</p>",
        content_hash="0" * 64,
        offered=True,
    )
    return Draft.objects.get(pk=draft.pk)


def test_an_offered_text_is_taken_by_a_plain_form(page, offered):
    shown = page.get(reverse("draft", args=[offered.pk])).content.decode()
    assert "Take this text into the editor" in shown

    page.post(
        reverse("draft-edit", args=[offered.pk]),
        form_of(offered, plain_body="The agent's second thought."),
    )

    present = Draft.objects.select_related("revision").get(pk=offered.pk)
    assert present.revision.plain_body == "The agent's second thought."
    assert present.revision.author == "user:" + str(page.session["_auth_user_id"])
    assert not present.revision.offered


def test_who_may_not_write_is_offered_no_button(page_of_vera, offered):
    shown = page_of_vera.get(reverse("draft", args=[offered.pk])).content.decode()

    assert "second thought" in shown
    assert "Take this text" not in shown
