"""The desk as plain forms: saving, deciding, and losing races."""

import pytest
from django.test import Client

from accounts.scope import Scope
from drafts import review
from drafts.models import Decision, Draft
from inboxes.models import Message
from outbound.models import Delivery
from tests.inboxes.letters import arrive
from tests.pages.proposals import ANSWER, approve, form_of, propose

HTMX = {"HX-Request": "true"}


def status_of(draft: Draft) -> str:
    return Draft.objects.values_list("status", flat=True).get(pk=draft.pk)


def customer_writes_again(inbox) -> Message:
    return arrive(
        inbox,
        minutes=30,
        message_id="again@customer.example",
        subject="Re: My printer burns 1",
        in_reply_to="<m1@customer.example>",
        body="Never mind.",
    )


def test_approving_lets_out_what_the_editor_holds(page, draft):
    form = form_of(draft, plain_body="Hello Ann,\r\n\r\nA new one is on its way.")
    response = page.post(f"/drafts/{draft.pk}/approve", form | {"reading_seconds": "7"})

    assert (response.status_code, response["Location"]) == (302, "/")
    decision = Decision.objects.get(draft=draft)
    assert decision.revision.plain_body == "Hello Ann,\n\nA new one is on its way."
    assert decision.reading_seconds == 7
    assert Delivery.objects.get().message.plain_body.startswith("Hello Ann,\n\nA new one")


def test_approving_unedited_adds_no_revision(page, draft):
    page.post(f"/drafts/{draft.pk}/approve", form_of(draft))

    assert draft.revisions.count() == 1
    assert status_of(draft) == Draft.Status.APPROVED


def test_of_two_who_approve_the_second_is_told_who_was_first(page, page_of_bob, draft):
    form = form_of(draft)
    page.post(f"/drafts/{draft.pk}/approve", form)
    late = page_of_bob.post(f"/drafts/{draft.pk}/approve", form | {"plain_body": "Mine."})

    assert late.status_code == 409
    assert "approved by Alice" in late.content.decode()
    assert "Mine." in late.content.decode()
    assert Delivery.objects.count() == 1


def test_an_edit_on_old_words_is_a_panel_with_both_texts_and_three_choices(
    page, page_of_bob, draft
):
    form = form_of(draft)
    page.post(f"/drafts/{draft.pk}/edit", form | {"plain_body": "The words of Alice."})
    late = page_of_bob.post(f"/drafts/{draft.pk}/edit", form | {"plain_body": "The words of Bob."})

    shown = late.content.decode()
    assert late.status_code == 409
    for words in ("The words of Alice.", "The words of Bob.", "Keep mine", "Take what stands",
                  "Leave it to them"):  # fmt: skip
        assert words in shown
    assert draft.revisions.count() == 2


def test_keeping_mine_saves_it_over_theirs(page, page_of_bob, draft):
    form = form_of(draft)
    page.post(f"/drafts/{draft.pk}/edit", form | {"plain_body": "The words of Alice."})
    page_of_bob.post(f"/drafts/{draft.pk}/edit", form_of(draft, plain_body="The words of Bob."))

    assert Draft.objects.get(pk=draft.pk).revision.plain_body == "The words of Bob."
    assert draft.revisions.count() == 3


def test_autosave_answers_with_the_sign_and_the_new_version(page, draft):
    form = form_of(draft, plain_body="Saved words.")
    saved = page.post(f"/drafts/{draft.pk}/edit", form, headers=HTMX).content.decode()

    present = Draft.objects.select_related("revision", "lease_holder").get(pk=draft.pk)
    assert "Saved" in saved
    assert f'value="{present.version}"' in saved
    assert f'value="{present.revision.content_hash}"' in saved
    assert present.lease_holder.email == "alice@acme.example"


def test_autosave_into_a_conflict_is_shown_beside_the_editor(page, page_of_bob, draft):
    form = form_of(draft)
    page_of_bob.post(f"/drafts/{draft.pk}/edit", form | {"plain_body": "The words of Bob."})
    late = page.post(f"/drafts/{draft.pk}/edit", form | {"plain_body": "Mine."}, headers=HTMX)

    assert (late.status_code, late["HX-Retarget"]) == (200, "#conflict-place")


def test_a_draft_that_became_stale_meanwhile_takes_the_edit_and_stays_stale(page, inbox, draft):
    form = form_of(draft, plain_body="Typed before the second mail was seen.")
    customer_writes_again(inbox)
    response = page.post(f"/drafts/{draft.pk}/edit", form)

    assert response.status_code == 302
    present = Draft.objects.get(pk=draft.pk)
    assert present.stale
    assert present.revision.plain_body.startswith("Typed before")


def test_approving_without_having_seen_the_newest_mail_is_refused(page, inbox, draft):
    form = form_of(draft)
    customer_writes_again(inbox)
    response = page.post(f"/drafts/{draft.pk}/approve", form)

    assert response.status_code == 409
    assert "newer message" in response.content.decode()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("head", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_approving_names_the_thread_head(page, draft, head):
    response = page.post(f"/drafts/{draft.pk}/approve", form_of(draft) | {"thread_head": head})

    assert response.status_code == 409
    assert status_of(draft) == Draft.Status.PENDING


@pytest.mark.parametrize("hash_", ["", "0" * 64])
def test_approving_names_the_words(page, draft, hash_):
    response = page.post(f"/drafts/{draft.pk}/approve", form_of(draft) | {"content_hash": hash_})

    assert response.status_code == 409
    assert status_of(draft) == Draft.Status.PENDING


@pytest.mark.parametrize(
    ("field", "typed"),
    [("to", "not an address"), ("to", "a@b.example\r\nBcc: x@y.example"), ("subject", "a\nb")],
)
def test_what_is_written_wrong_is_told_and_nothing_typed_is_lost(page, draft, field, typed):
    form = form_of(draft, plain_body="Long work.") | {field: typed}
    response = page.post(f"/drafts/{draft.pk}/approve", form)

    assert response.status_code == 422
    assert "Long work." in response.content.decode()
    assert status_of(draft) == Draft.Status.PENDING


def test_approving_for_nobody_is_refused(page, draft):
    response = page.post(f"/drafts/{draft.pk}/approve", form_of(draft, to="", cc=""))

    assert response.status_code == 422
    assert not Delivery.objects.exists()


def test_requesting_changes_needs_a_reason(page, draft):
    silent = page.post(f"/drafts/{draft.pk}/request-changes", form_of(draft))
    told = page.post(f"/drafts/{draft.pk}/request-changes", form_of(draft, words="Name the model."))

    assert (silent.status_code, told.status_code) == (422, 302)
    assert Draft.objects.get(pk=draft.pk).feedback == "Name the model."


@pytest.mark.parametrize(
    ("deed", "status"), [("reject", "rejected"), ("no-reply", "no_reply_needed")]
)
def test_closing(page, draft, deed, status):
    page.post(
        f"/drafts/{draft.pk}/{deed}", form_of(draft) | {"reasons": ["wrong_facts", "made up"]}
    )

    assert status_of(draft) == status
    assert Decision.objects.get(draft=draft).reasons == ["wrong_facts"]


def test_undo_takes_back_what_is_held(page, draft, alice):
    approve(draft, alice)
    response = page.post(f"/drafts/{draft.pk}/undo")

    assert response["Location"] == f"/drafts/{draft.pk}"
    assert status_of(draft) == Draft.Status.PENDING
    assert Delivery.objects.get().status == Delivery.Status.CANCELLED


def test_undo_that_comes_too_late_says_so(page, draft, alice):
    approve(draft, alice)
    Draft.objects.filter(pk=draft.pk).update(status=Draft.Status.SENT)

    shown = page.post(f"/drafts/{draft.pk}/undo", follow=True).content.decode()
    assert "cannot be taken back" in shown


def test_a_lease_is_taken_told_taken_over_and_let_go(page, page_of_bob, draft):
    lease = f"/drafts/{draft.pk}/lease"
    page.post(lease)
    refused = page_of_bob.post(lease).content.decode()
    page_of_bob.post(lease, {"take_over": "1"})
    holder = Draft.objects.get(pk=draft.pk).lease_holder
    page_of_bob.post(lease, {"release": "1"})

    assert "Alice is working on this draft." in refused
    assert str(holder) == "Bob"
    assert Draft.objects.get(pk=draft.pk).lease_holder is None


def test_a_drafter_edits_and_decides_nothing(dora, draft):
    client = Client()
    client.force_login(dora)
    saved = client.post(f"/drafts/{draft.pk}/edit", form_of(draft, plain_body="Hers."))

    assert saved.status_code == 302
    assert client.post(f"/drafts/{draft.pk}/approve", form_of(draft)).status_code == 403
    assert "Approve" not in client.get(f"/drafts/{draft.pk}").content.decode()


def test_the_state_tells_what_others_did_since(page, inbox, draft, bob):
    seen = {"content_hash": draft.revision.content_hash, "thread_head": str(draft.thread.head_id)}
    same = page.get(f"/drafts/{draft.pk}/state", seen).content.decode()
    by = Scope.of_user(bob)
    review.revise(draft, by=by, changes={"plain_body": "Of Bob."}, version=draft.version)
    edited = page.get(f"/drafts/{draft.pk}/state", seen).content.decode()
    customer_writes_again(inbox)
    mailed = page.get(f"/drafts/{draft.pk}/state", seen).content.decode()

    assert "Bob" not in same
    assert "Bob has changed this draft" in edited
    assert "newer message" in mailed


def test_the_difference_shows_what_was_changed_word_by_word(page, draft):
    page.post(
        f"/drafts/{draft.pk}/edit", form_of(draft, plain_body=ANSWER.replace("unplug", "sell"))
    )

    shown = page.get(f"/drafts/{draft.pk}/difference").content.decode()
    assert "<del>unplug</del><ins>sell</ins>" in shown


def test_facts_of_an_agent_are_text(page, inbox):
    evil = "<script>alert(1)</script>"
    draft = propose(
        inbox, 9, plain_body=evil, category=evil[:60], subject=evil,
        metadata={"llmReasoning": evil, evil: {evil: [evil]}},
    )  # fmt: skip

    for path in ("/", f"/drafts/{draft.pk}", f"/conversations/{draft.thread_id}"):
        shown = page.get(path).content.decode()
        assert evil not in shown
        assert "&lt;script&gt;" in shown
