"""The corpus of links: just the right ones lead elsewhere, and nothing else of a mail changes."""

import re

import html5lib
import pytest

from tracking.links import hrefs, rewrite

HOST = "https://track.inbox.example"
OURS = re.compile(rf"{HOST}/c/(\d+)")


def source_of(folder, case) -> str:
    if case["file"] is None:
        return case["html"]
    return (folder / case["file"]).read_bytes().decode("utf-8", "replace")


def tracked(source: str) -> tuple[str, list[str]]:
    """The rewritten mail, and what each of its links leads to."""
    targets: list[str] = []

    def link_for(target: str) -> str:
        targets.append(target)
        return f"{HOST}/c/{len(targets) - 1}"

    return rewrite(source, link_for, own_hosts=frozenset(["track.inbox.example"])), targets


def links_of(source: str) -> list[dict[str, object]]:
    before = list(hrefs(source))
    after = list(hrefs(tracked(source)[0]))
    assert len(before) == len(after)
    return [
        {"href": old.value, "rewritten": old.value != new.value}
        for old, new in zip(before, after, strict=True)
    ]


@pytest.mark.parametrize("rule", ["same links", "right ones rewritten"])
def test_every_case_is_exact(corpora, score, rule):
    answers = {
        f"{source}/{case['id']}": {"links": links_of(source_of(folder, case))}
        for source, folder, case in corpora("link_rewriting")
    }
    good, count = score("link_rewriting", answers)["ALL", rule]
    assert good == count > 0


def test_putting_the_targets_back_gives_the_mail_octet_for_octet_but_for_spelling(corpora):
    wrong = []
    for source, folder, case in corpora("link_rewriting"):
        given = source_of(folder, case)
        rewritten, _targets = tracked(given)
        kept, at = [], 0
        for link in hrefs(rewritten):
            kept.append(rewritten[at : link.start])
            at = link.end
        kept.append(rewritten[at:])
        before, at = [], 0
        for link in hrefs(given):
            before.append(given[at : link.start])
            at = link.end
        before.append(given[at:])
        if kept != before:
            wrong.append((source, case["id"]))
    assert wrong == []


def test_a_parser_of_its_own_sees_the_same_tree_with_the_same_targets(corpora):
    wrong = []
    for source, folder, case in corpora("link_rewriting"):
        given = source_of(folder, case)
        rewritten, targets = tracked(given)
        if tree(rewritten, targets) != tree(given, []):
            wrong.append((source, case["id"]))
    assert wrong == []


def tree(text: str, targets: list[str]) -> list[object]:
    """Every node as html5lib reads it, links of ours resolved to their targets."""
    document = html5lib.parse(text, treebuilder="etree", namespaceHTMLElements=False)
    seen: list[object] = []
    for element in document.iter():
        fields = dict(element.attrib)
        if found := OURS.fullmatch(str(fields.get("href", ""))):
            fields["href"] = targets[int(found[1])]
        seen.append((str(element.tag), fields, element.text, element.tail))
    return seen
