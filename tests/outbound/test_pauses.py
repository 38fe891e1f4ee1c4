"""The switches: what they hold waits, nothing is lost, and it leaves when they are on again."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.scope import Scope
from events.models import AuditEntry, Event, LogHorizon
from inboxes.models import Inbox
from outbound import attempts, claims, pauses, switching
from outbound.models import Delivery, Home, Pause
from outbound.pause_models import NOBODY
from outbound.switching import Switch, pause, resume
from tests.outbound.mail import claimed, queued, statuses

Reach, Extent = Pause.Reach, Pause.Extent


def switch_of(inbox: Inbox, reach: str, extent: Pause.Extent = Extent.EVERYTHING) -> Switch:
    of = {
        "installation": NOBODY,
        "workspace": inbox.workspace_id,
        "domain": inbox.domain_id,
        "inbox": inbox.pk,
    }
    return Switch(Reach(reach), of[reach], extent)


@pytest.mark.parametrize("reach", Reach.values)
def test_what_a_switch_reaches_waits_and_leaves_when_it_is_on_again(inbox, reach):
    message = queued(inbox)
    switch = switch_of(inbox, reach)

    pause(switch, reason="a spill", by="user:1")
    assert claims.claim_next() is None
    assert statuses(message) == ["queued"]
    assert resume(switch, by="user:1")

    assert claims.claim_next()
    acts = AuditEntry.objects.filter(subject=switch.subject, action__startswith="sending.")
    assert list(acts.order_by("pk").values_list("action", "actor")) == [
        ("sending.pause", "user:1"),
        ("sending.resume", "user:1"),
    ]


@pytest.mark.parametrize("reach", Reach.values)
def test_a_switch_is_told_to_the_workspaces_that_it_reaches(inbox, strange_inbox, reach):
    switch = switch_of(inbox, reach)
    pause(switch, reason="a spill", by="user:1")
    pause(switch, reason="again", by="user:1")
    resume(switch, by="user:1")

    told = Event.objects.filter(type__startswith="sending.").order_by("pk")
    ours = [
        (each.type, each.payload["reach"]) for each in told.filter(workspace_id=inbox.workspace_id)
    ]
    others = told.filter(workspace_id=strange_inbox.workspace_id)
    assert ours == [("sending.paused", reach), ("sending.resumed", reach)]
    assert others.count() == (2 if reach == "installation" else 0)
    assert told[0].payload["reason"] == "a spill"


def test_the_mail_of_others_leaves_meanwhile(inbox, strange_inbox):
    queued(inbox, hold=-60)
    other = queued(strange_inbox)
    for reach in ("workspace", "domain", "inbox"):
        pause(switch_of(inbox, reach), reason="", by="user:1")

    claim = claims.claim_next()

    assert claim
    assert claim.message_id == other.pk
    assert claims.claim_next() is None


@pytest.mark.parametrize("reach", Reach.values)
def test_where_automatic_mail_is_stopped_people_still_send(inbox, reach):
    queued(inbox, by_person=False, hold=-60)
    by_person = queued(inbox, by_person=True)
    pause(switch_of(inbox, reach, Extent.AUTOMATIC), reason="", by="user:1")

    claim = claims.claim_next()

    assert claim
    assert claim.message_id == by_person.pk
    assert claims.claim_next() is None


def test_a_paused_inbox_sends_nothing_of_what_is_queued(inbox):
    message = queued(inbox)
    Inbox.objects.filter(pk=inbox.pk).update(status=Inbox.Status.PAUSED)

    assert claims.claim_next() is None
    assert statuses(message) == ["queued"]


def test_a_workspace_without_automatic_sending_holds_what_policies_sent(inbox):
    queued(inbox, by_person=False)
    type(inbox.workspace).objects.update(automatic_sending=False)

    assert claims.claim_next() is None


def test_a_switch_that_is_thrown_after_the_claim_holds_the_message_too(inbox, server, way_out):
    way_out(there := server())
    message = queued(inbox)
    claim = claimed(message)
    pause(Switch(), reason="", by="user:1")

    attempts.attempt(claim)

    assert there.seen.connections == 0
    assert (statuses(message), Delivery.objects.get(message=message).attempts) == (["deferred"], 0)


def test_a_switch_keeps_the_reason_it_was_first_thrown_for(inbox):
    pause(Switch(), reason="a spill", by="user:1")
    pause(Switch(), reason="another", by="user:2")

    assert Pause.objects.get().reason == "a spill"
    assert AuditEntry.objects.filter(action="sending.pause").count() == 1


def test_those_in_reach_are_told_and_strangers_are_not(inbox, alice, charlie):
    pause(switch_of(inbox, "inbox"), reason="A spill.", by="user:1")

    told = pauses.shown_to(Scope.of_user(alice))

    assert told == ["Sending from support@acme.example is paused. A spill."]
    assert pauses.shown_to(Scope.of_user(charlie)) == []


def test_every_page_says_that_sending_is_paused(inbox, alice, client):
    pause(Switch(), reason="<b>A spill.</b>", by="user:1")
    client.force_login(alice)

    page = client.get("/outbox").content.decode()

    assert "Sending is paused. &lt;b&gt;A spill.&lt;/b&gt;" in page


def test_what_was_asked_for_in_a_shorter_time_is_not_sent_after_a_long_pause(
    inbox, server, way_out
):
    way_out(there := server())
    message = queued(inbox)
    past = timezone.now() - timedelta(minutes=1)
    Delivery.objects.filter(message=message).update(expires_at=past)

    attempts.attempt(claimed(message))

    assert there.seen.connections == 0
    assert statuses(message) == ["failed"]
    assert "4.4.7" in Delivery.objects.get(message=message).last_reply


def test_a_restored_database_starts_paused_and_with_a_new_era_of_its_log(inbox):
    switching.note_home()
    assert claims.claim_next() is None
    queued(inbox)
    Home.objects.update(home="elsewhere:1")
    assert claims.claim_next() is None  # before anybody has noticed

    switching.note_home()

    assert claims.claim_next() is None
    assert Pause.objects.get().reason == switching.RESTORED
    assert LogHorizon.objects.get().era == 1
    switching.note_home()
    assert LogHorizon.objects.get().era == 1
    resume(Switch(), by="user:1")
    assert claims.claim_next()


@pytest.mark.parametrize(
    "whose", [[], ["--domain", "ACME.example"], ["--inbox", "Support@acme.example"]]
)
def test_the_command_pauses_tells_and_resumes(inbox, capsys, whose):
    queued(inbox)
    call_command("sending", "pause", *whose, "--reason", "A spill.")
    assert claims.claim_next() is None
    call_command("sending")
    assert "paused. A spill." in capsys.readouterr().out

    call_command("sending", "resume", *whose)

    assert claims.claim_next()
    with pytest.raises(CommandError):
        call_command("sending", "resume", *whose)


@pytest.mark.parametrize(
    "whose", [["--workspace", "x"], ["--domain", "no.example"], ["--inbox", "a@no.example"]]
)
def test_the_command_pauses_nothing_that_is_not_there(db, whose):
    with pytest.raises(CommandError):
        call_command("sending", "pause", *whose)
    assert not Pause.objects.exists()


def test_an_admin_pauses_and_resumes_on_record(inbox, admin_client):
    form = {"reach": "inbox", "of": str(inbox.pk), "extent": "everything", "reason": "A spill."}
    admin_client.post("/admin/outbound/pause/add/", form)
    row = Pause.objects.get()
    assert row.set_by.startswith("user:")

    listed = admin_client.get("/admin/outbound/pause/").content.decode()
    assert f'field-whose">{inbox.email}<' in listed
    admin_client.post(f"/admin/outbound/pause/{row.pk}/delete/", {"post": "yes"})

    assert not Pause.objects.exists()
    assert AuditEntry.objects.filter(action="sending.resume").count() == 1


def test_an_admin_cannot_pause_what_is_not_there(db, admin_client):
    form = {"reach": "inbox", "of": "0199aaaa-0000-7000-8000-000000000000", "extent": "automatic"}

    response = admin_client.post("/admin/outbound/pause/add/", form)

    assert "There is no inbox with this id." in response.content.decode()
    assert not Pause.objects.exists()
