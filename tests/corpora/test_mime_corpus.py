"""Odd and broken MIME from other projects: taken in without an exception, and read right."""

from pathlib import Path
from typing import Any

from inboxes import mime
from tests.corpora.conftest import counts_below

# One subject of the corpus is 213 kB long: over our limit of 64 KiB for a field, so it is cut.
FLOOR = {
    "no exception": (183, 183),
    "subject": (181, 182),
    "from": (180, 180),
    "to": (179, 179),
    "message_id": (183, 183),
    "text": (109, 109),
    "attachments": (162, 162),
    "all fields": (182, 183),
}


def as_on_the_wire(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def answer(raw: bytes) -> dict[str, Any]:
    message = mime.parse(raw)
    return {
        "error": None,
        "subject": message.subject,
        "from": message.header_from[0].addr_spec if message.header_from else "",
        "to": [address.addr_spec for address in message.to],
        "message_id": message.header_message_id,
        "text": message.plain_body,
        "attachments": [attachment.filename for attachment in message.attachments],
    }


def test_mime_corpus_is_read_as_other_parsers_agree(corpora, score):
    answers = {
        f"{source}/{case['id']}": answer(as_on_the_wire(folder / case["file"]))
        for source, folder, case in corpora("mime")
    }
    assert counts_below(score("mime", answers), FLOOR) == {}


def test_line_ends_make_no_difference(corpora):
    for source, folder, case in corpora("mime"):
        path = folder / case["file"]
        with_lf = path.read_bytes().replace(b"\r\n", b"\n")
        # Sizes of attachments that are text do differ.
        assert answer(with_lf) == answer(as_on_the_wire(path)), f"{source}/{case['id']}"


def test_every_attachment_of_the_corpus_is_found_again_by_its_path(corpora):
    for source, folder, case in corpora("mime"):
        raw = as_on_the_wire(folder / case["file"])
        for attachment in mime.parse(raw).attachments:
            octets = mime.part_octets(raw, attachment.part_path)
            assert len(octets) == attachment.size, f"{source}/{case['id']}"
