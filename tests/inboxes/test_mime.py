"""Messages as they arrive, whole or broken."""

import base64
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inboxes import mime
from inboxes.addresses import Address

HEAD = b"From: Ann <ann@b.example>\r\nTo: support@demo.localhost\r\nSubject: Order 7\r\n"

MIXED = (
    HEAD
    + b'Message-ID: <1@b.example>\r\nContent-Type: multipart/mixed; boundary="out"\r\n\r\n'
    + b'--out\r\nContent-Type: multipart/alternative; boundary="in"\r\n\r\n'
    + b"--in\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nh\xc3\xa9llo\r\n"
    + b"--in\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    + b"<p>h\xc3\xa9llo <img src='cid:p@b'></p>\r\n"
    + b"--in--\r\n"
    + b"--out\r\nContent-Type: image/png; name=p.png\r\nContent-ID: <p@b>\r\n"
    + b"Content-Disposition: attachment; filename=p.png\r\n"
    + b"Content-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(bytes(range(256))).replace(b"\n", b"\r\n")
    + b"--out\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n"
    + b"--out--\r\n"
)


def one_part(fields: bytes, body: bytes) -> mime.ParsedMessage:
    return mime.parse(HEAD + fields + b"\r\n" + body)


def multipart(*parts: bytes, subtype: bytes = b"mixed") -> mime.ParsedMessage:
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"
    return one_part(b"Content-Type: multipart/" + subtype + b"; boundary=x\r\n", body)


def test_the_fields_of_a_message_are_read():
    message = mime.parse(
        HEAD
        + b"Cc: =?utf-8?q?K=C3=BCster?= <k@b.example>\r\nReply-To: other@b.example\r\n"
        + b"Date: Fri, 20 Nov 2026 10:00:00 +0100\r\nMessage-ID: <3@b.example>\r\n"
        + b"In-Reply-To: <2@b.example>\r\nReferences: <1@b.example>\r\n <2@b.example>\r\n"
        + b"Received: a\r\nReceived: b\r\nThread-Index: AQH\r\n\r\nhello\r\n"
    )

    assert message.subject == "Order 7"
    assert message.header_from == (Address("Ann", "ann@b.example"),)
    assert message.to == (Address("", "support@demo.localhost"),)
    assert message.cc == (Address("Küster", "k@b.example"),)
    assert message.reply_to == (Address("", "other@b.example"),)
    assert message.date == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert message.header_message_id == "3@b.example"
    assert message.in_reply_to == ("2@b.example",)
    assert message.references == ("1@b.example", "2@b.example")
    assert (message.received_count, message.thread_index) == (2, "AQH")
    assert ("Cc", "Küster <k@b.example>") in message.headers
    assert (message.plain_body, message.html_body) == ("hello\n", "")
    assert message.warnings == ()


def test_bodies_and_attachments_are_told_apart():
    message = mime.parse(MIXED)

    assert message.plain_body == "héllo"
    assert message.html_body == "<p>héllo <img src='cid:p@b'></p>"
    picture, inner = message.attachments
    assert (picture.part_path, picture.filename, picture.content_type) == (
        "2",
        "p.png",
        "image/png",
    )
    assert (picture.size, picture.content_id, picture.inline) == (256, "p@b", True)
    assert (inner.part_path, inner.filename, inner.content_type) == ("3", "", "message/rfc822")
    assert not inner.inline


def test_a_part_is_found_again_by_its_path():
    assert mime.part_octets(MIXED, "2") == bytes(range(256))
    assert mime.part_octets(MIXED, "1.1") == b"h\xc3\xa9llo"
    assert mime.part_octets(HEAD + b"\r\nhello", "1") == b"hello"


@pytest.mark.parametrize("path", ["", "0", "9", "1.9", "2.1", "x"])
def test_a_path_that_leads_nowhere_is_a_key_error(path):
    with pytest.raises(KeyError):
        mime.part_octets(MIXED, path)


@pytest.mark.parametrize(
    ("fields", "body", "text"),
    [
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n", b"caf\xe9 \x80", "café €"),
        (b"Content-Type: text/plain; charset=utf-8\r\n", b"caf\xe9", "café"),
        (b"Content-Type: text/plain; charset=us-ascii\r\n", b"caf\xc3\xa9", "café"),
        (b"Content-Type: text/plain; charset=x-nobody-knows\r\n", b"caf\xc3\xa9", "café"),
        (b"Content-Type: text/plain; charset=shift_jis\r\n", "日本①".encode("cp932"), "日本①"),
        (b"Content-Type: text/plain; charset=idna\r\n", b"x", "x"),
        (b"Content-Type: text/plain; charset=base64\r\n", b"x", "x"),
        (
            b"Content-Transfer-Encoding: quoted-printable\r\n",
            b"caf=C3=A9=\r\n!  \r\nx=",
            "café!\nx",
        ),
        (b"Content-Transfer-Encoding: base64\r\n", b"aGVs\r\nbG8", "hello"),
        (b"Content-Transfer-Encoding: base64\r\n", b"aGk=aGk=!aGk=", "hihihi"),
        (b"Content-Transfer-Encoding: nonsense\r\n", b"hello", "hello"),
        (b"Content-Type: nonsense\r\n", b"hello", "hello"),
        (b"", b"a\rb\r\nc\x00d", "a\nb\ncd"),
    ],
)
def test_text_is_decoded_whatever_it_is_said_to_be(fields, body, text):
    assert one_part(fields, body).plain_body == text


@pytest.mark.parametrize("charset", [b"utf-7", b"utf-16", b"utf-32", b"iso-2022-jp", b"hz"])
def test_no_charset_brings_in_what_the_database_refuses(charset):
    for body in (b"+2D0-x", b"\0\xd8\0\xd8", b"\0\0\0", b"\x1b$B\0\0\x1b(B", b"~{\0\0~}"):
        shown = one_part(b"Content-Type: text/plain; charset=" + charset + b"\r\n", body).plain_body
        assert "\0" not in shown
        shown.encode()


def test_a_text_part_with_a_name_is_the_message_where_there_is_no_other():
    message = multipart(
        b"Content-Type: text/plain; name=body.txt\r\n\r\nwords", b"Content-Type: a/b\r\n\r\nx"
    )
    assert message.plain_body == "words"
    assert [attachment.content_type for attachment in message.attachments] == ["a/b"]


def test_lying_charsets_leave_a_warning():
    assert (
        "charset_wrong"
        in one_part(b"Content-Type: text/plain; charset=utf-8\r\n", b"\xe9").warnings
    )


def test_flowed_text_is_joined_and_its_quotes_are_kept():
    message = one_part(
        b"Content-Type: text/plain; format=flowed; delsp=no\r\n",
        b"Hello \r\nworld\r\n> quoted \r\n> on\r\n stuffed\r\n-- \r\nAnn",
    )
    assert message.plain_body == "Hello world\n> quoted on\nstuffed\n-- \nAnn"


def test_words_spread_over_parts_are_put_together():
    message = multipart(
        b"\r\nfirst", b"Content-Type: image/png; name=a.png\r\n\r\nx", b"\r\nsecond"
    )
    assert message.plain_body == "first\nsecond"
    assert [attachment.filename for attachment in message.attachments] == ["a.png"]


def test_a_plain_footer_under_html_does_not_pass_for_the_message():
    message = multipart(b"Content-Type: text/html\r\n\r\n<p>words</p>", b"\r\nfooter <1>")
    assert message.plain_body == ""
    assert message.html_body == "<p>words</p>\n<pre>footer &lt;1&gt;</pre>"


def test_a_blank_plain_form_beside_html_is_none():
    message = multipart(
        b"\r\n \r\n", b"Content-Type: text/html\r\n\r\n<p>words</p>", subtype=b"alternative"
    )
    assert (message.plain_body, message.html_body) == ("", "<p>words</p>")


def test_plain_and_html_side_by_side_are_two_forms_of_one_text():
    message = multipart(b"\r\nwords", b"Content-Type: text/html\r\n\r\n<p>words</p>")
    assert (message.plain_body, message.html_body) == ("words", "<p>words</p>")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (b"Content-Disposition: attachment; filename=a.txt", "a.txt"),
        (b'Content-Disposition: attachment; filename="a; b.txt"', "a; b.txt"),
        (b"Content-Disposition: attachment; filename*=utf-8''na%C3%AFve.txt", "naïve.txt"),
        (b"Content-Disposition: attachment; filename*0=na; filename*1=me.txt", "name.txt"),
        (b"Content-Disposition: attachment; filename*1*=%AFve; filename*0*=utf-8''na%C3", "naïve"),
        (b'Content-Disposition: attachment; filename="=?utf-8?q?na=C3=AFve?="', "naïve"),
        (b"Content-Type: application/pdf; name=a.pdf", "a.pdf"),
        (b"Content-Disposition: attachment; filename=my file.txt", "my file.txt"),
        (b"Content-Disposition: attachment; filename*=nobody''x%zz", "x%zz"),
        (b'Content-Disposition: attachment; filename="a\x00b"', "ab"),
        (b"Content-Disposition: attachment", ""),
    ],
)
def test_file_names_come_out(fields, name):
    message = multipart(b"\r\ntext", fields + b"\r\n\r\nx")
    assert [attachment.filename for attachment in message.attachments] == [name]


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        (b"=?utf-8?q?a_b?= =?utf-8?q?_c?=", "a b c"),
        (b"=?utf-8?b?w6k=?=x", "éx"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
        (b"=?utf-8?b?w6?=", "�" ),
        (b"=?utf-8?q?what??=", "what?"),
        (b"=?utf-8*en?q?a?=", "a"),
        (b"=?utf-8?x?a?=", "=?utf-8?x?a?="),
        (b"=?utf-8?q?a", "=?utf-8?q?a"),
        (b"caf\xe9", "café"),
        (b"caf\xc3\xa9", "café"),
        (b"a\x00b", "ab"),
        (b"a\r\n\tb", "a b"),
    ],
)  # fmt: skip
def test_subjects_are_decoded(value, subject):
    got = mime.parse(b"Subject: " + value + b"\r\n\r\n").subject
    assert got == subject or (subject == "�" and got)


@pytest.mark.parametrize(
    "value",
    ["", "yesterday", "Fri, 99 Nov 2026", "1 Jan 0000 00:00:00 +9999"],
)
def test_a_date_that_is_none_is_none(value):
    assert mime.parse(f"Date: {value}\r\n\r\n".encode()).date is None


def test_a_date_without_zone_is_utc():
    message = mime.parse(b"Date: Fri, 20 Nov 2026 10:00:00\r\n\r\n")
    assert message.date == datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"\0", b"no header at all", b":", b"\r", b"From ", b"--x"]
)
def test_the_smallest_messages_are_messages(raw):
    assert mime.parse(raw).subject == ""


# Copies


def test_the_digest_does_not_see_the_way_a_message_came():
    one = b"Return-Path: <a@b>\r\nReceived: from x\r\n by y; now\r\nDelivered-To: z\r\n" + MIXED
    other = (
        b"Received: from x by y; later\r\nAuthentication-Results: q\r\nARC-Seal: i=1\r\n" + MIXED
    )
    assert mime.dedupe_digest(one, "ann@b.example") == mime.dedupe_digest(other, "ann@b.example")


@pytest.mark.parametrize(
    ("raw", "mail_from"),
    [
        (MIXED + b"x", "ann@b.example"),
        (MIXED, "bob@b.example"),
        (b"X-New: 1\r\n" + MIXED, "ann@b.example"),
        (MIXED.replace(b"<1@b", b"<2@b"), "ann@b.example"),
    ],
)
def test_the_digest_sees_any_other_difference(raw, mail_from):
    assert mime.dedupe_digest(raw, mail_from) != mime.dedupe_digest(MIXED, "ann@b.example")


# Hypothesis and mutation


PIECES = [
    b"--x",
    b"--",
    b"\r\n",
    b"\n",
    b"\r",
    b"Content-Type: multipart/mixed; boundary=x\r\n",
    b"Content-Type:",
    b"Content-Disposition: attachment; filename*0*=",
    b"Content-Transfer-Encoding: base64\r\n",
    b"=?utf-8?b?",
    b"?=",
    b"From: ",
    b"<a@b>",
    b"\xff",
    b"\0",
    b"; charset=utf-16",
    b"Subject:",
    b" ",
    b"abc",
    b"text/html",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_octets_are_parsed(pieces):
    raw = b"".join(pieces)
    message = mime.parse(raw)
    repr(message).encode()
    assert "\\x00" not in repr(message)
    for attachment in message.attachments:
        mime.part_octets(raw, attachment.part_path)
    mime.dedupe_digest(raw, "")


def test_a_message_with_any_octet_changed_is_parsed():
    rng = random.Random(7)
    for _ in range(1500):
        raw = bytearray(MIXED)
        for _ in range(rng.randint(1, 8)):
            raw[rng.randrange(len(raw))] = rng.choice(b"\0\r\n-=;:\"' \xff%?*<>")
        del raw[rng.randrange(len(raw)) :: rng.choice((7, 500, 5000))]
        mime.parse(bytes(raw))
