"""The corpus of hostile HTML: nothing may run, nothing may load, ordinary text must stay."""

import re

import pytest

from inboxes.sanitiser import sanitise

RULES = ["must_not_execute", "must_not_load_remote", "benign text kept"]


@pytest.mark.parametrize("rule", RULES)
def test_every_case_holds(corpora, score, rule):
    answers = {
        f"{source}/{case['id']}": {"html": sanitise(case["html"]).html}
        for source, _, case in corpora("html_sanitising")
    }
    good, count = score("html_sanitising", answers)["ALL", rule]
    assert good == count


def test_nothing_runs_with_remote_images_on_either(corpora, score):
    answers = {
        f"{source}/{case['id']}": {"html": sanitise(case["html"], remote_images=True).html}
        for source, _, case in corpora("html_sanitising")
    }
    good, count = score("html_sanitising", answers)["ALL", "must_not_execute"]
    assert good == count


def test_what_a_source_forbids_is_not_there_and_its_remote_content_is_seen(corpora):
    wrong = []
    for source, _, case in corpora("html_sanitising"):
        shown = sanitise(case["html"])
        found = [p for p in case.get("must_not_match", []) if re.search(p.strip("/"), shown.html)]
        if found or case.get("has_remote", shown.has_remote) != shown.has_remote:
            wrong.append((source, case["id"], found))
    assert wrong == []


def test_whatever_remote_images_add_was_announced(corpora):
    silent = [
        (source, case["id"])
        for source, _, case in corpora("html_sanitising")
        if not (shown := sanitise(case["html"])).has_remote
        and shown.html != sanitise(case["html"], remote_images=True).html
    ]
    assert silent == []
