"""Mailboxes of other mail systems: which messages belong together, whatever order they came in."""

import re
from pathlib import Path
from typing import Any

from inboxes import mime
from inboxes.encoded_words import decode_header_text
from inboxes.references import Threadable, ancestors, base_subject, group
from tests.corpora.conftest import counts_below

FLOOR = {
    "groups equal": (22, 22),
    "no wrong join": (22, 22),
    "no lost join": (22, 22),
    "parent": (3, 3),
    "message_id": (1, 1),
    "base_subject": (6, 6),
}


def threadables(path: Path) -> list[Threadable]:
    pieces = re.split(rb"(?:\A|\n)From [^\n]*\n", path.read_bytes())[1:]
    parsed = [mime.parse(piece) for piece in pieces]
    return [Threadable(m.header_message_id, m.in_reply_to, m.references) for m in parsed]


def answer(folder: Path, case: dict[str, Any]) -> dict[str, Any]:
    if "base_subject" in case:
        return {"base_subject": base_subject(decode_header_text(case["subject"]))}
    if "groups" in case:
        groups = group(threadables(folder / case["file"]))
        return {"groups": [[index + 1 for index in members] for members in groups]}
    message = mime.parse((folder / case["file"]).read_bytes())
    parents = ancestors(message.in_reply_to, message.references)
    return {"parent": parents[0] if parents else None, "message_id": message.header_message_id}


def test_threading_corpus_is_grouped_right(corpora, score):
    answers = {
        f"{source}/{case['id']}": answer(folder, case)
        for source, folder, case in corpora("threading")
    }
    assert counts_below(score("threading", answers), FLOOR) == {}


def test_groups_do_not_depend_on_the_order_of_arrival(corpora):
    for source, folder, case in corpora("threading"):
        if "groups" not in case:
            continue
        messages = threadables(folder / case["file"])
        last = len(messages) - 1
        forwards = sorted(sorted(members) for members in group(messages))
        backwards = sorted(
            sorted(last - index for index in members) for members in group(messages[::-1])
        )
        assert forwards == backwards, f"{source}/{case['id']}"
