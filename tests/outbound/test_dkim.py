"""Our signatures, verified by dkimpy's own verifier with the records that we publish."""

import random
import re

import dkim
import pytest
from dkim.canonicalization import Relaxed

from bench import dkim_postfix
from outbound.dkim import OVERSIGNED, Signer, _canonical_body, new_key, sign

DOMAIN = "acme.example"
MESSAGE = (
    b"From: Acme <support@acme.example>\r\n"
    b"To: ann@customer.example\r\n"
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"Date: Sun, 01 Mar 2026 09:30:00 +0000\r\n"
    b"Message-ID: <1@acme.example>\r\n"
    b"\r\n"
    b"Hello\r\n"
)


class Keys:
    def __init__(self) -> None:
        self.signers: list[Signer] = []
        self.records: dict[bytes, bytes] = {}
        for algorithm, selector in (("rsa-sha256", "r1"), ("ed25519-sha256", "e1")):
            pem, record = new_key(algorithm)
            self.signers.append(Signer(DOMAIN, selector, algorithm, pem))
            self.records[f"{selector}._domainkey.{DOMAIN}.".encode()] = record.encode()

    def verify(self, signed: bytes) -> list[bool]:
        def look_up(name: bytes, timeout: int = 5) -> bytes:
            return self.records[name]

        verdicts = []
        for index in range(len(self.signers)):
            try:
                verdicts.append(bool(dkim.DKIM(signed).verify(index, dnsfunc=look_up)))
            except dkim.DKIMException:
                verdicts.append(False)
        return verdicts


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys()


def test_both_signatures_verify(keys):
    signed = sign(MESSAGE, keys.signers)

    assert signed.endswith(MESSAGE)
    assert signed.count(b"DKIM-Signature:") == 2
    assert keys.verify(signed) == [True, True]


def test_signatures_are_relaxed_and_without_length(keys):
    head = sign(MESSAGE, keys.signers).partition(b"From: ")[0]

    assert head.count(b"c=relaxed/relaxed") == 2
    assert not re.search(rb"[;\s]l=", head)
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_same_moment_gives_the_same_octets(keys):
    assert sign(MESSAGE, keys.signers, signed_at=7) == sign(MESSAGE, keys.signers, signed_at=7)


@pytest.mark.parametrize("name", [name.decode().title() for name in OVERSIGNED])
def test_an_added_field_breaks_both_signatures(keys, name):
    signed = sign(MESSAGE, keys.signers)

    assert keys.verify(f"{name}: x@evil.example\r\n".encode() + signed) == [False, False]


def test_a_changed_body_or_subject_breaks_both_signatures(keys):
    signed = sign(MESSAGE, keys.signers)

    assert keys.verify(signed.replace(b"Hello", b"Hullo")) == [False, False]
    assert keys.verify(signed.replace(b"=C3=BC", b"=C3=BD")) == [False, False]
    assert keys.verify(signed + b"PS\r\n") == [False, False]


def test_a_relay_may_fold_anew_and_add_trace_fields(keys):
    signed = sign(MESSAGE, keys.signers)
    relayed = signed.replace(b"To: ann@", b"To:\r\n\t ann@").replace(b"Hello", b"Hello  ")

    assert keys.verify(b"Received: from a by b\r\n" + relayed) == [True, True]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n",
        b" ",
        b" \r\n",
        b"one blank\r\n",
        b"two  blanks\r\n",
        b"a\ttab\r\n",
        b"at the end \r\n\r\n",
        b"at the end\t\r\nno line end",
        b"lines after\r\n\r\n\r\n",
        b" at the start\r\n \r\n",
    ],
)
def test_a_body_is_canonical_by_the_short_way_too(body):
    assert _canonical_body(body) == Relaxed.canonicalize_body(body)


def test_message_without_signers_stays_as_it_is():
    assert sign(MESSAGE, []) == MESSAGE


def test_message_without_from_is_refused(keys):
    with pytest.raises(dkim.DKIMException):
        sign(b"To: a@b.example\r\n\r\nx\r\n", keys.signers)


def test_private_key_is_not_shown(keys):
    assert "PRIVATE" not in repr(keys.signers[0])


def random_message(dice: random.Random) -> bytes:
    pieces = [b"a", b" ", b"  ", b"\t", b"\xc3\xbc", b"\xff", b"=", b";", b":", b".", b"x" * 990]
    fields = [b"From: a@acme.example\r\n"]
    for _ in range(dice.randrange(12)):
        name = dice.choice(
            [b"To", b"SUBJECT", b"cc", b"X-Odd", b"References", b"List-Id", b"Received"]
        )
        value = b"".join(dice.choices(pieces, k=dice.randrange(8)))
        folded = dice.choice([b"", b"\r\n " + value + b"y", b"\r\n\t\t" + value + b"y"])
        fields.append(name + b":" + value + folded + b"\r\n")
    dice.shuffle(fields)
    lines = [b"".join(dice.choices(pieces, k=dice.randrange(6))) for _ in range(dice.randrange(30))]
    lines += [b""] * dice.randrange(3)
    return b"".join(fields) + b"\r\n" + b"".join(line + b"\r\n" for line in lines)


def test_random_messages_verify_with_dkimpy(keys):
    dice = random.Random(3)
    for number in range(300):
        message = random_message(dice)
        assert keys.verify(sign(message, keys.signers)) == [True, True], (number, message)


def test_weak_algorithm_is_refused():
    with pytest.raises(ValueError, match="rsa-sha1"):
        new_key("rsa-sha1")


def relayed(raw: bytes) -> bytes:
    """As a server passes a message on: trace fields on top, dots doubled on the way and halved."""
    wire = raw.replace(b"\r\n.", b"\r\n..")
    received = b"Received: from mail.acme.example by relay.example;\r\n\tSun, 1 Mar 2026\r\n"
    return received + wire.replace(b"\r\n..", b"\r\n.")


def test_odd_messages_of_ours_verify_after_a_relay(keys):
    """The same messages as in bench/dkim_postfix.py, where a real Postfix relays them."""
    dice = random.Random(7)
    for number in range(60):
        make = dkim_postfix.composed if number % 2 else dkim_postfix.hand_made
        message = relayed(sign(make(dice, number), keys.signers))
        assert keys.verify(message) == [True, True], number
