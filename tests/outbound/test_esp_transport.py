"""Providers' HTTP APIs as a way out: what they are asked, and what their answers mean."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import resources

import pytest

from inboxes.addresses import Address
from outbound import esp_transport, ways_out
from outbound.compose import Outgoing, OutgoingFile, compose
from outbound.esp_providers import PROVIDERS, checked_settings
from outbound.esp_transport import EspTransport
from outbound.transports.protocol import Job
from tests.outbound.conftest import LeaseLost
from tests.outbound.provider_api import JSON, SETTINGS, api_of, said_in, taken_by
from tests.webhooks.receiver import Receiver, Reply, Taken

pytestmark = pytest.mark.filterwarnings("ignore:django-anymail has dropped")
ANN, BOB, EVE = "ann@customer.example", "bob@other.example", "eve@hidden.example"
LATIN = "Größe;1\r\n".encode("latin-1")


def letter(*, to=(ANN,), cc=(), html: str = "<p>Hello <b>Ann</b></p>") -> bytes:
    outgoing = Outgoing(
        header_from=Address("Acme Support", "support@acme.example"),
        to=tuple(Address("Ann, B.", each) for each in to),
        cc=tuple(Address("", each) for each in cc),
        bcc=(),
        reply_to=(Address("", "desk@acme.example"),),
        subject="Größe der Rückzahlung",
        plain_body="Hello Ann\n",
        html_body=html,
        in_reply_to="question@customer.example",
        references=("first@customer.example", "question@customer.example"),
        files=(
            OutgoingFile("Rückzahlung.pdf", "application/pdf", b"%PDF-1.4 octets \xff\x00"),
            OutgoingFile("zahlen.csv", "text/csv", LATIN),
        ),
        headers=(("X-Ticket-ID", "T-1"),),
        auto_submitted=True,
    )
    return compose(
        outgoing, header_message_id="own-id@acme.example", date=datetime(2026, 3, 1, tzinfo=UTC)
    )


def job(*rcpt_tos: str, raw: bytes = b"", reference: str = "m-1") -> Job:
    return Job("bounce+t@acme.example", rcpt_tos or (ANN,), raw or letter(), reference)


class Remembered(dict[str, str]):
    def __call__(self, reference: str, remote_ids) -> None:
        self.update(remote_ids)


@pytest.fixture
def api() -> Iterator[Callable[..., Receiver]]:
    made = []

    def make(answer) -> Receiver:
        reply = answer if callable(answer) else lambda taken: answer
        made.append(Receiver(reply))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def remembered() -> Remembered:
    return Remembered()


@pytest.fixture
def via(api, remembered):
    def make(kind: str, answer=None, rcpt_tos=(ANN,)) -> tuple[EspTransport, Receiver]:
        there = api(answer or taken_by(kind, rcpt_tos))
        settings = checked_settings(PROVIDERS[kind], api_of(kind, there))
        return EspTransport(PROVIDERS[kind], settings, remember=remembered), there

    return make


def test_every_backend_of_anymail_can_be_chosen():

    names = {
        each.name.removesuffix(".py") for each in resources.files("anymail.backends").iterdir()
    }
    no_providers = {"__init__", "__pycache__", "base", "base_requests", "console", "test"}

    assert names - no_providers - {"sendinblue"} == set(PROVIDERS)  # an old name of Brevo's
    assert set(PROVIDERS) < set(ways_out.KINDS)


@pytest.mark.parametrize("kind", PROVIDERS)
def test_message_goes_to_each_provider_and_its_id_is_remembered(via, phases, remembered, kind):
    transport, there = via(kind)

    (result,) = transport.send(job(), on_phase=phases)

    assert (result.rcpt_to, result.outcome) == (ANN, "sent"), result
    assert phases == ["connecting", "data", "committing"]
    (taken,) = there.taken
    assert ANN in said_in(taken)
    assert remembered[ANN]


@pytest.mark.parametrize("kind", PROVIDERS)
def test_message_keeps_its_thread_and_says_that_it_is_automatic(via, phases, kind):
    transport, there = via(kind)

    transport.send(job(), on_phase=phases)

    said = said_in(there.taken[0])
    assert "question@customer.example" in said
    assert "auto-replied" in said
    assert ("own-id@acme.example" in said) == ("message-id" not in PROVIDERS[kind].leaves_out)
    assert "DKIM" not in said


@pytest.mark.parametrize("kind", sorted(set(PROVIDERS) - {"mailgun", "amazon_ses"}))
def test_files_go_octet_by_octet(via, phases, kind):
    transport, there = via(kind)

    transport.send(job(), on_phase=phases)

    said = there.taken[0].content.decode()
    assert base64.b64encode(b"%PDF-1.4 octets \xff\x00").decode() in said
    assert base64.b64encode(LATIN).decode() in said


def test_postmark_is_asked_to_keep_our_message_id(via, phases):
    transport, there = via("postmark")

    transport.send(job(), on_phase=phases)

    body = there.taken[0].body
    assert {"Name": "X-PM-KeepID", "Value": "true"} in body["Headers"]
    assert {"Name": "Message-ID", "Value": "<own-id@acme.example>"} in body["Headers"]
    assert body["Subject"] == "Größe der Rückzahlung"
    assert body["ReplyTo"] == "desk@acme.example"
    assert there.taken[0].headers["x-postmark-server-token"] == SETTINGS["postmark"]["server_token"]


def test_recipients_keep_the_part_that_the_header_shows(via, phases):
    transport, there = via("postmark", rcpt_tos=(ANN,))

    results = transport.send(job(ANN, BOB, EVE, raw=letter(cc=(BOB,))), on_phase=phases)

    body = there.taken[0].body
    assert body["To"] == f'"Ann, B." <{ANN}>'
    assert (body["Cc"], body["Bcc"]) == (BOB, EVE)
    assert [each.outcome for each in results] == ["sent"] * 3


def test_who_is_not_in_the_job_gets_nothing(via, phases):
    transport, there = via("postmark", rcpt_tos=(BOB,))

    transport.send(job(BOB, raw=letter(to=(ANN, BOB))), on_phase=phases)

    assert ANN not in there.taken[0].content.decode()


def test_hidden_recipients_alone_get_a_request_each(via, phases):
    transport, there = via("resend")

    results = transport.send(job(BOB, EVE, raw=letter()), on_phase=phases)

    assert [each.body["to"] for each in there.taken] == [[BOB], [EVE]]
    assert [each.outcome for each in results] == ["sent", "sent"]
    assert phases == ["connecting", "data", "committing"]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, "failed"),
        (401, "deferred"),
        (403, "deferred"),
        (413, "failed"),
        (422, "failed"),
        (429, "deferred"),
        (500, "uncertain"),
        (502, "uncertain"),
        (503, "deferred"),
        (504, "uncertain"),
    ],
)
@pytest.mark.parametrize("kind", ["mailgun", "sendgrid", "sparkpost"])
def test_refusal_is_mapped_with_the_provider_s_words(via, phases, kind, status, outcome):
    transport, _ = via(kind, Reply(status, JSON, b'{"message": "we are sorry about that"}'))

    (result,) = transport.send(job(), on_phase=phases)

    assert (result.outcome, result.reply_code) == (outcome, status)
    assert "we are sorry about that" in result.reply_text


def test_secret_that_the_provider_echoes_is_not_kept(via, phases):
    secret = SETTINGS["mailgun"]["api_key"]
    transport, _ = via("mailgun", Reply(401, JSON, f'{{"message": "bad key {secret}"}}'.encode()))

    (result,) = transport.send(job(), on_phase=phases)

    assert "bad key ***" in result.reply_text
    assert secret not in repr(result)


def test_nobody_listening_is_deferred(phases, remembered):
    settings = {**SETTINGS["postmark"], "api_url": "http://127.0.0.1:1/"}

    (result,) = EspTransport(PROVIDERS["postmark"], settings, remember=remembered).send(
        job(), on_phase=phases
    )

    assert (result.outcome, result.reply_code) == ("deferred", 0)
    assert remembered == {}


def test_answer_that_does_not_come_is_uncertain(via, phases, monkeypatch):
    monkeypatch.setattr(esp_transport, "ANSWER_SECONDS", 0.3)
    transport, there = via("postmark", Reply(hang=3))

    (result,) = transport.send(job(), on_phase=phases)

    assert (result.outcome, len(there.taken)) == ("uncertain", 1)
    assert "timed out" in result.reply_text.lower()


@pytest.mark.parametrize("body", [b"<html>ok</html>", b"{}"])
def test_success_that_nobody_understands_is_uncertain(via, phases, body):
    transport, _ = via("mailgun", Reply(200, JSON, body))

    assert transport.send(job(), on_phase=phases)[0].outcome == "uncertain"


def key_in(kind: str, taken: Taken) -> str:
    if kind == "resend":
        return taken.headers["idempotency-key"]
    return json.loads(taken.content)["headers"]["idempotencyKey"]


@pytest.mark.parametrize(
    "kind", [kind for kind, p in PROVIDERS.items() if p.recognises_repetitions]
)
def test_provider_that_knows_repetitions_is_asked_again_under_the_same_key(
    via, phases, kind, monkeypatch
):
    monkeypatch.setattr(esp_transport, "ONCE_MORE_AFTER", 0.01)
    answers = iter([Reply(502, JSON, b"{}"), taken_by(kind, (ANN,))])
    transport, there = via(kind, lambda taken: next(answers))

    (result,) = transport.send(job(), on_phase=phases)

    assert result.outcome == "sent"
    first, second = (key_in(kind, each) for each in there.taken)
    assert first == second == str(uuid.UUID(first))


def test_key_is_the_same_at_the_next_attempt_and_another_for_others(via, phases):
    transport, there = via("resend")
    for each in (job(), job(), job(reference="m-2"), job(BOB)):
        transport.send(each, on_phase=lambda phase: None)

    keys = [key_in("resend", each) for each in there.taken]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_second_refusal_for_now_does_not_make_it_certain(via, phases, monkeypatch):
    monkeypatch.setattr(esp_transport, "ONCE_MORE_AFTER", 0.01)
    answers = iter([Reply(502, JSON, b"{}"), Reply(429, JSON, b"{}")])
    transport, _ = via("resend", lambda taken: next(answers))

    assert transport.send(job(), on_phase=phases)[0].outcome == "uncertain"


def test_refused_recipients_fail_and_the_others_are_sent(via, phases):
    body = {
        "ErrorCode": 0,
        "Message": "Message OK, but will not deliver to these inactive addresses: "
        f"{BOB}. Inactive recipients are ones that have generated a hard bounce.",
        "MessageID": "remote-1",
        "To": f"{ANN}, {BOB}",
    }
    transport, _ = via("postmark", Reply(200, JSON, json.dumps(body).encode()))

    results = transport.send(job(ANN, BOB, raw=letter(to=(ANN, BOB))), on_phase=phases)

    assert [each.outcome for each in results] == ["sent", "failed"]


def test_all_recipients_refused_is_failed(via, phases):
    answer = [{"email": ANN, "status": "rejected", "reject_reason": "hard-bounce", "_id": "x"}]
    transport, _ = via("mandrill", Reply(200, JSON, json.dumps(answer).encode()))

    assert transport.send(job(), on_phase=phases)[0].outcome == "failed"


def test_what_a_provider_has_no_word_for_fails_before_anything_is_sent(via, phases):
    raw = letter().replace(
        b"Content-Disposition: attachment", b"Content-ID: <x>\r\nContent-Disposition: inline", 1
    )
    transport, there = via("brevo")

    (result,) = transport.send(job(raw=raw), on_phase=phases)

    assert result.outcome == "failed"
    assert "inline" in result.reply_text
    assert there.taken == []


def test_lost_lease_sends_nothing(via, phases):
    transport, there = via("postmark")
    phases.stop_at = "committing"

    with pytest.raises(LeaseLost):
        transport.send(job(), on_phase=phases)
    assert there.taken == []


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("postmark", {}, "needs server_token"),
        ("postmark", {"server_token": "x", "colour": "red"}, "no setting 'colour'"),
        ("postmark", {"server_token": "x\ny"}, "printable"),
        ("postmark", {"server_token": "x", "api_url": "ftp://x"}, "http"),
        ("postal", {"api_key": "secret"}, "needs api_url"),
    ],
)
def test_settings_that_cannot_work_are_refused_without_showing_them(kind, given, words):
    with pytest.raises(ValueError, match=words) as refusal:
        checked_settings(PROVIDERS[kind], given)
    assert "secret" not in str(refusal.value)
