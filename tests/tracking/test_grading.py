from datetime import UTC, datetime, timedelta

import pytest

from tracking.grading import Request, grade, swept

THEN = datetime(2026, 1, 1, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def after(seconds: float) -> datetime:
    return THEN + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "agent",
    [
        FIREFOX,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) Mobile/15E148",
        "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",  # Outlook on Windows shows pictures
        "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.0",
    ],
)
def test_mail_clients_and_browsers_are_people(agent):
    assert grade(Request("GET", agent)).name == "human"


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com "
         "GoogleImageProxy)", "Gmail"),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "Yahoo Mail"),
        ("Mozilla/5.0", "Apple Mail Privacy Protection"),
    ],
)  # fmt: skip
def test_providers_that_fetch_for_their_people_are_proxies(agent, reason):
    assert grade(Request("GET", agent)).name == "proxy"
    assert grade(Request("GET", agent)).reason == reason


@pytest.mark.parametrize(
    ("method", "agent"),
    [
        ("HEAD", FIREFOX),
        ("GET", ""),
        ("GET", "python-requests/2.32"),
        ("GET", "Mozilla/5.0 (compatible; BarracudaCentral)"),
        ("GET", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
        ("GET", "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/534+ (like Gecko) BingPreview/1.0b"),
    ],
)  # fmt: skip
def test_programs_are_scanners_with_a_reason(method, agent):
    graded = grade(Request(method, agent))

    assert graded.name == "scanner"
    assert graded.reason


def test_a_browser_that_prefetches_is_no_person_yet():
    assert grade(Request("GET", FIREFOX, "prefetch;prerender")).name == "proxy"


def test_every_link_within_two_seconds_is_a_sweep_and_the_hit_before_it_is_not():
    hits = [(after(0), "a", 1), (after(10), "a", 2), (after(11), "b", 3), (after(12), "c", 4)]

    assert swept(hits, {"a", "b", "c"}) == {2, 3, 4}


@pytest.mark.parametrize(
    "hits",
    [
        [(after(0), "a", 1), (after(1), "b", 2)],  # not all of them
        [(after(0), "a", 1), (after(1), "b", 2), (after(2.1), "c", 3)],  # too slow
        [(after(0), "a", 1), (after(0), "a", 2), (after(0), "a", 3)],  # one, again and again
    ],
)
def test_what_a_person_could_do_is_no_sweep(hits):
    assert swept(hits, {"a", "b", "c"}) == set()


def test_the_only_link_of_a_mail_tells_nothing():
    assert swept([(after(0), "a", 1)], {"a"}) == set()
