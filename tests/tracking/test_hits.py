"""Hits on record: graded for good after two seconds, told once, and never of somebody else's."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Event
from inboxes.models import Message
from tracking.grading import HUMAN, Grade
from tracking.hits import SOURCE_KEPT, Seen, forget_sources, record_report, settle, store
from tracking.models import Hit

NOW = timezone.now()


def seen(link, seconds_ago: float = 60, **more) -> Seen:
    kind = "click" if link.target else "open"
    at = timezone.now() - timedelta(seconds=seconds_ago)
    return Seen(link.pk, kind, at, **{"grade": HUMAN, "agent": "Firefox", **more})


def events() -> list[tuple[str, str, str]]:
    found = Event.objects.filter(type__in=["message.opened", "message.clicked"]).order_by("id")
    return [(e.type, e.payload["grade"], e.payload.get("url", "")) for e in found]


def test_an_open_and_a_click_are_told_with_their_grade(links):
    picture, a, _ = links
    store([seen(picture), seen(a, 50)])

    assert settle() == 2
    assert events() == [
        ("message.opened", "human", ""),
        ("message.clicked", "human", a.target),
    ]
    told = Event.objects.get(type="message.clicked")
    assert (told.message_id, told.inbox_id) == (a.message_id, a.message.inbox_id)


def test_a_hit_is_told_only_when_its_grade_is_settled(links):
    store([seen(links[0], 1)])

    assert settle() == 0
    assert settle(timezone.now() + timedelta(seconds=3)) == 1


def test_every_link_within_two_seconds_is_regraded_and_no_person_is_told_of(links):
    picture, a, b = links
    store([seen(picture, 30), seen(a, 20.5), seen(b, 20)])

    settle()

    graded = Hit.objects.order_by("at").values_list("grade", flat=True)
    assert list(graded) == ["human", "scanner", "scanner"]
    assert [event for event in events() if event[1] == "human"] == [("message.opened", "human", "")]


def test_a_sweep_takes_back_a_hit_that_was_told_before(links):
    _, a, b = links
    store([seen(a, 10)])
    settle()
    store([seen(b, 9)])

    settle()

    assert set(Hit.objects.values_list("grade", flat=True)) == {"scanner"}


def test_the_same_link_again_counts_and_is_not_told_again(links):
    store([seen(links[1], 60)])
    settle()
    store([seen(links[1], 30), seen(links[1], 20)])
    settle()

    assert Hit.objects.count() == 3
    assert len(events()) == 1


def test_a_hit_on_a_link_that_is_not_there_or_of_the_other_kind_is_none(links):
    picture, a, _ = links
    stray = Seen(uuid.uuid4(), "click", NOW, HUMAN)
    wrong = [Seen(picture.pk, "click", NOW, HUMAN), Seen(a.pk, "open", NOW, HUMAN)]

    assert store([stray, *wrong, seen(a)]) == 1


def test_where_a_hit_came_from_is_forgotten_after_a_month(links):
    store([seen(links[0], network="192.0.2.0/24"), seen(links[1], network="192.0.2.0/24")])
    Hit.objects.filter(kind="open").update(at=timezone.now() - SOURCE_KEPT * 1.1)

    assert forget_sources(timezone.now()) == 1
    assert Hit.objects.get(kind="open").network == Hit.objects.get(kind="open").agent == ""
    assert Hit.objects.get(kind="click").network == "192.0.2.0/24"


@pytest.mark.parametrize(
    ("kind", "url", "taken"),
    [
        ("open", "", True),
        ("click", "https://shop.example/b", True),
        ("click", "https://elsewhere.example/new", True),
        ("click", "javascript:alert(1)", False),
        ("click", "", False),
    ],
)
def test_a_providers_report_counts_once(links, kind, url, taken):
    message = Message.objects.get(pk=links[0].message_id)
    reported = {"report": "ses:1", "at": NOW, "url": url, "agent": "Mozilla/5.0 Firefox/128.0"}

    assert record_report(message, kind, **reported) is taken
    assert record_report(message, kind, **reported) is False
    assert Hit.objects.filter(kind=kind, grade="human").count() == int(taken)


def test_a_report_whose_agent_is_a_scanner_is_graded_so(links):
    message = Message.objects.get(pk=links[0].message_id)
    record_report(message, "open", report="x", at=NOW, agent="curl/8")

    assert Hit.objects.get().grade == "scanner"


def test_no_grade_is_lost_on_the_way(links):
    store([seen(links[0], grade=Grade("proxy", "Gmail"))])

    assert Hit.objects.values_list("grade", "reason").get() == ("proxy", "Gmail")
