"""Messages made to eat the machine. Each is parsed at once, into something useful, and told."""

import base64
import time
import tracemalloc

import pytest

from inboxes import mime

HEAD = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: bomb\r\n"
MULTIPART = HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"


def nested(levels: int) -> bytes:
    opening = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(levels)
    )
    closing = b"".join(b"--b%d--\r\n" % n for n in reversed(range(levels)))
    return HEAD + opening + b"\r\nhello\r\n" + closing


BOMBS = {
    "empty parts": (lambda: MULTIPART + b"--x\r\n" * 240_000, "parts_limit"),
    "one long To": (
        lambda: (
            b"From: a@b.example\r\nTo: " + b"x@y.example, " * 160_000 + b"\r\nSubject: bomb\r\n\r\n"
        ),
        "addresses_limit",
    ),
    "300 nested parts": (lambda: nested(300), "nesting_limit"),
    "20,000 nested parts": (lambda: nested(20_000), "nesting_limit"),
    "the same boundary nested": (
        lambda: MULTIPART + b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" * 50_000,
        "parts_limit",
    ),
    "100,000 headers": (
        lambda: HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\nhello",
        "headers_truncated",
    ),
    "a header of 5 MB": (
        lambda: b"X: " + b"y" * 5_000_000 + b"\r\n" + HEAD + b"\r\n",
        "header_truncated",
    ),
    "a folded header of 5 MB": (
        lambda: b"X: " + b"y\r\n " * 1_250_000 + b"z\r\n" + HEAD + b"\r\n",
        "header_truncated",
    ),
    "lines that are no header": (
        lambda: HEAD + b"X: 1\r\n" + b"y\r\n" * 1_250_000 + b"\r\n",
        "headers_truncated",
    ),
    "huge base64": (
        lambda: (
            HEAD
            + b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + base64.encodebytes(bytes(18_000_000))
        ),
        None,
    ),
    "base64 of many ends": (
        lambda: (
            HEAD
            + b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + b"ab=c" * 6_000_000
        ),
        "base64_malformed",
    ),
    "uuencode that grows": (
        lambda: (
            HEAD
            + b"Content-Type: a/b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n"
            + b"M\r\n" * 4_000_000
        ),
        "uuencode_malformed",
    ),
    "deep message/rfc822": (
        lambda: (HEAD + b"Content-Type: message/rfc822\r\n\r\n") * 50_000,
        None,
    ),
    "boundaries that are none": (
        lambda: MULTIPART + b"\r\n--x y" * 3_000_000,
        "multipart_without_parts",
    ),
    "text of 25 MB": (lambda: HEAD + b"\r\n" + b"hello \xe9\r\n" * 2_500_000, "body_truncated"),
    "1,000 long texts": (
        lambda: MULTIPART + (b"--x\r\n\r\n" + b"y" * 24_000 + b"\r\n") * 1000,
        "body_truncated",
    ),
    "flowed text": (
        lambda: HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"> a \r\n" * 3_000_000,
        "body_truncated",
    ),
    "blank lines": (lambda: b"\r\n" * 12_000_000, "body_truncated"),
    "bare CR": (lambda: b"\r" * 12_000_000, "body_truncated"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_parsed_in_little_time(name):
    make, warning = BOMBS[name]
    raw = make()
    started = time.process_time()
    message = mime.parse(raw)
    mime.dedupe_digest(raw, "a@b.example")

    assert time.process_time() - started < 5  # 10 s is the promise, 1 s what is usual
    assert warning is None or warning in message.warnings
    assert set(message.warnings) <= set(mime.WARNINGS)
    if b"Subject" in raw:
        assert message.subject == "bomb"


@pytest.mark.parametrize(
    "name", ["one long To", "base64 of many ends", "uuencode that grows", "blank lines"]
)
def test_a_bomb_is_parsed_in_little_memory(name):
    raw = BOMBS[name][0]()
    tracemalloc.start()
    try:
        mime.parse(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 256 * 1024 * 1024


JUNK = [
    b"(",
    b"<",
    b'"',
    b"[",
    b"\\",
    b'"\\"',
    b"=?",
    b"=?a?q?",
    b"=?a?q?=",
    b"a@",
    b"@",
    b"<a@b>",
    b":",
    b";",
    b"((a)",
    b'\\"',
    b" ",
    b"\t",
    b"=?utf-8?b?YQ==?= ",
    b"\xe9",
    b"<a",
    b"'",
    b"[a",
    b"\r\n \r\n ",
    b";a=",
    b";a*1=",
    b'a"',
]
FIELDS = [
    b"To: ",
    b"Subject: ",
    b"References: ",
    b"In-Reply-To: ",
    b"Message-ID: ",
    b"Date: ",
    b"Content-ID: ",
    b"Content-Type: text/plain; a=",
    b"Content-Type: ",
    b"Content-Disposition: attachment; filename=",
]


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_is_slow_to_read(field):
    for junk in JUNK:
        raw = field + junk * (60_000 // len(junk)) + b"\r\nFrom: a@b.example\r\n\r\nx"
        started = time.process_time()
        mime.parse(raw)
        assert time.process_time() - started < 1, junk
