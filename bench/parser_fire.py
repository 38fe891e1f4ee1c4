"""Mutated mail and bombs through the parser: no crash, nothing lost, time and memory bounded.

.venv/bin/python -m bench.parser_fire --count 100000 --seed 1
.venv/bin/python -m bench.parser_fire --bombs

The corpora lie beside the checkout; every mutation follows from the seed and its number, so that
what fails can be had again (`--only N`). Each piece runs in one process under a limit of memory.
"""

import argparse
import random
import resource
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.running import machine, quantiles

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"
SECONDS = 10.0
MEMORY = 512 * 1024 * 1024
MOST_OCTETS = 200_000  # of a message that is mutated
TOKENS = (
    *(b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"--", b"=?utf-8?q?", b"?=", b"=?x?b?", b"\xff"),
    *(b"Content-Type: multipart/mixed; boundary=x\r\n", b"Content-Type: message/rfc822\r\n"),
    *(b"Content-Transfer-Encoding: base64\r\n", b"filename*0*=utf-8''%", b"<", b">", b"(", b'"'),
    *(b"<style>", b"<div style='display:none'>", b"<!--", b"begin 644 x\n", b"charset=utf-7", b"@"),
    *(b"\xed\xa0\x80", b"\xf3\xa0\x80\x81", b"\xe2\x80\xae", b"> ", b"-- \r\n", b"On x wrote:\r\n"),
)


def sources() -> list[bytes]:
    """The messages of all corpora."""
    found = (path for path in sorted(CORPORA.glob("*/*/files/**/*")) if path.is_file())
    return [raw for path in found if (raw := path.read_bytes()) and len(raw) <= MOST_OCTETS]


def mutated(originals: list[bytes], seed: int, number: int) -> bytes:
    """Message `number`: one of the originals, changed in a few places."""
    dice = random.Random(f"{seed} {number}")
    raw = bytearray(dice.choice(originals))
    for _ in range(dice.choice((1, 2, 3, 5, 8, 20))):
        at = dice.randrange(len(raw) + 1)
        until = min(len(raw), at + dice.choice((1, 2, 8, 60, 400)))
        match dice.randrange(7):
            case 0:
                raw[at:until] = b""
            case 1:
                raw[at:at] = dice.choice(TOKENS) * dice.choice((1, 1, 1, 2, 50))
            case 2:
                raw[at:until] = dice.randbytes(until - at)
            case 3:
                raw[at:at] = raw[at:until] * dice.choice((1, 2, 10))
            case 4:
                other = dice.choice(originals)
                raw[at:until] = other[dice.randrange(len(other)) :][: dice.choice((50, 2000))]
            case 5 if raw:
                raw[at % len(raw)] ^= 1 << dice.randrange(8)
            case _:
                raw = raw[:at] if dice.random() < 0.1 else raw
    return bytes(raw[: 2 * MOST_OCTETS])


def bombs() -> dict[str, bytes]:
    """What is made to take all time and memory."""
    head = b"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    html = head + b"Content-Type: text/html\r\n\r\n"
    mixed = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n"
    deep = head + b"".join(mixed % b"b%d" % n + b"--b%d\r\n" % n for n in range(20_000))
    nested = (b"Content-Type: message/rfc822\r\n\r\n" + head) * 20_000
    parts = head + mixed % b"b" + b"--b\r\n\r\n" * 300_000
    return {
        "parts without end": parts,
        "multipart in multipart": deep,
        "mail in mail": head + nested,
        "one To field of 20 MB": b"To: " + b"a@b.example, " * 1_600_000 + b"\r\n\r\nx",
        "two million header fields": b"X: y\r\n" * 2_000_000 + b"\r\nx",
        "header of 5 MB in one line": b"Subject: " + b"x" * 5_000_000 + b"\r\n\r\nx",
        "encoded words": b"Subject: " + b"=?utf-8?q?x?= " * 300_000 + b"\r\n\r\nx",
        "open comments": b"To: " + b"(" * 5_000_000 + b"\r\n\r\nx",
        "open quotes": b"To: " + b'"\\' * 2_500_000 + b"\r\n\r\nx",
        "parameters": b"Content-Type: text/plain" + b"; a*0*=x''y" * 400_000 + b"\r\n\r\nx",
        "boundary of 1 MB": head + mixed % (b"x" * 1_000_000) + (b"--" + b"x" * 1_000_000) * 10,
        "tags without end": html + b"<div><blockquote>" * 1_400_000,
        "attributes without end": html + b"<a " + b'x="' * 8_000_000,
        "quotes of quotes": head + b"\r\n" + b">" * 12_000_000 + b" x\r\n" * 1_000_000,
        "spaces and colons": head + b"\r\n" + (b" " * 2_000 + b"On: wrote:\r\n") * 10_000,
        "base64 of 25 MB": head
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + b"QUJD" * 6_000_000,
    }


def _read(raw: bytes) -> tuple[float, str]:
    """Seconds, and what is wrong: "" when the letter was read whole."""
    # Django's settings are needed by what lies above the parser; no database is touched.
    from inboxes.letters import (
        Envelope,
        MailLoops,
        read_letter,
    )

    envelope = Envelope("a@b.example", (), datetime(2026, 1, 1, tzinfo=UTC))
    start = time.perf_counter()
    try:
        letter = read_letter(envelope, raw)
    except MailLoops:
        return time.perf_counter() - start, ""
    wrong = "unreadable" if "unreadable" in letter.columns["warnings"] else ""
    if letter.raw != raw:
        wrong = "octets lost"
    return time.perf_counter() - start, wrong


def _fire(named: Iterator[tuple[str, Callable[[], bytes]]]) -> None:
    figures, failures = [], []
    for name, make in named:
        seconds, wrong = _read(make())
        figures.append(seconds)
        if wrong or seconds > SECONDS:
            failures.append(f"{name}: {wrong or f'{seconds:.1f} s'}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(machine())
    print(f"{len(figures)} read, {len(failures)} failed, peak {peak} MB:", quantiles(figures))
    print(f"slowest {max(figures):.2f} s")
    print("\n".join(failures[:20]))
    raise SystemExit(bool(failures))


def main() -> None:
    import django

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--bombs", action="store_true")
    parser.add_argument("--bomb", help="Only the one of this name, in this process.")
    asked = parser.parse_args()
    django.setup()
    if asked.bombs or asked.bomb:
        made = bombs()
        names = [asked.bomb] if asked.bomb else list(made)
        _limit(max(map(len, made.values())))
        _fire((name, partial(made.__getitem__, name)) for name in names)
    originals = sources()
    numbers = range(asked.start, asked.start + asked.count)
    if asked.only is not None:
        numbers = range(asked.only, asked.only + 1)
    _limit(0)
    _fire(
        (f"--seed {asked.seed} --only {n}", partial(mutated, originals, asked.seed, n))
        for n in numbers
    )


def _limit(held: int) -> None:
    """512 MB for reading, beside what is loaded and held already."""
    loaded = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (loaded + MEMORY + held, loaded + MEMORY + held))


if __name__ == "__main__":
    main()
