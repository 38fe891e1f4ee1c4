"""Amazon SES, played by a local HTTP server: what boto3 asks it, and what its answers mean."""

import email
import email.policy
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from outbound import esp_transport
from outbound.esp_providers import PROVIDERS, checked_settings
from outbound.esp_transport import EspTransport
from outbound.transports.protocol import Result
from tests.outbound.provider_api import JSON, SETTINGS, api_of, mail_in, taken_by
from tests.outbound.test_esp_transport import ANN, BOB, EVE, LATIN, job, letter
from tests.webhooks.receiver import Receiver, Reply, Taken

SES = PROVIDERS["amazon_ses"]
SECRET = SETTINGS["amazon_ses"]["secret_access_key"]


@pytest.fixture
def there() -> Iterator[Receiver]:
    made = Receiver(lambda taken: taken_by("amazon_ses", (ANN,)))
    yield made
    made.close()


def sent(there: Receiver, phases, asked=None, **more: str) -> list[Result]:
    given = checked_settings(SES, {**api_of("amazon_ses", there), **more})
    transport = EspTransport(SES, given, remember=lambda reference, ids: None)
    return transport.send(asked or job(), on_phase=phases)


def refusal(code: str, status: int = 400) -> Reply:
    headers = {**JSON, "x-amzn-ErrorType": code}
    return Reply(status, headers, json.dumps({"message": f"about {SECRET}"}).encode())


def signature_of(taken: Taken, secret: str) -> str:
    """Signature Version 4, computed anew from what came in."""
    fields = dict(
        part.strip().split("=", 1)
        for part in taken.headers["authorization"].removeprefix("AWS4-HMAC-SHA256").split(",")
    )
    names = fields["SignedHeaders"].split(";")
    canonical = "\n".join(
        [
            "POST",
            taken.path,
            "",
            *(f"{name}:{taken.headers[name]}" for name in names),
            "",
            fields["SignedHeaders"],
            hashlib.sha256(taken.content).hexdigest(),
        ]
    )
    scope = fields["Credential"].partition("/")[2]
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", taken.headers["x-amz-date"], scope, digest])
    key = f"AWS4{secret}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()


def test_request_is_signed_with_the_domain_s_own_credentials(there, phases):
    sent(there, phases)

    (taken,) = there.taken
    said = taken.headers["authorization"]
    assert "Credential=AKIDEXAMPLE/" in said
    assert "/eu-west-1/ses/aws4_request" in said
    assert said.endswith(f"Signature={signature_of(taken, SECRET)}")
    assert signature_of(taken, "another") not in said


def test_recipients_are_those_of_the_job_and_hidden_ones_stay_hidden(there, phases):
    results = sent(there, phases, job(ANN, BOB, EVE, raw=letter(cc=(BOB,))))

    (taken,) = there.taken
    destination = taken.body["Destination"]
    assert destination == {"ToAddresses": [ANN], "CcAddresses": [BOB], "BccAddresses": [EVE]}
    assert EVE.encode() not in mail_in(taken)
    assert [(each.outcome, each.reply_code) for each in results] == [("sent", 200)] * 3


def test_message_has_our_words_and_files(there, phases):
    sent(there, phases, configuration_set_name="support")

    (taken,) = there.taken
    made = email.message_from_bytes(mail_in(taken), policy=email.policy.default)
    assert made["Subject"] == "Größe der Rückzahlung"
    files = {each.get_filename(): each.get_payload(decode=True) for each in made.walk()}
    assert files["Rückzahlung.pdf"] == b"%PDF-1.4 octets \xff\x00"
    assert files["zahlen.csv"] == LATIN
    assert taken.body["ConfigurationSetName"] == "support"


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        ("MessageRejected", 400, "failed"),
        ("BadRequestException", 400, "failed"),
        ("SendingPausedException", 400, "deferred"),
        ("LimitExceededException", 400, "deferred"),
        ("TooManyRequestsException", 429, "deferred"),
        ("InvalidSignatureException", 403, "deferred"),
        ("InternalFailure", 500, "uncertain"),
        ("ServiceUnavailable", 503, "deferred"),
    ],
)
def test_refusal_is_mapped_asked_once_and_shows_no_secret(there, phases, code, status, outcome):
    there.answer = lambda taken: refusal(code, status)

    (result,) = sent(there, phases)

    assert (result.outcome, result.reply_code) == (outcome, status)
    assert code in result.reply_text
    assert SECRET not in result.reply_text
    assert len(there.taken) == 1


def test_answer_that_does_not_come_is_uncertain_and_not_asked_for_again(there, phases, monkeypatch):
    monkeypatch.setattr(esp_transport, "ANSWER_SECONDS", 0.3)
    there.answer = lambda taken: Reply(hang=3)

    (result,) = sent(there, phases)

    assert (result.outcome, len(there.taken)) == ("uncertain", 1)


def test_nobody_listening_is_deferred(there, phases):
    (result,) = sent(there, phases, api_url="http://127.0.0.1:1/")

    assert (result.outcome, there.taken) == ("deferred", [])


def test_profile_that_is_not_there_is_deferred_in_the_library_s_words(there, phases, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nowhere")

    (result,) = sent(there, phases)

    assert (result.outcome, result.reply_code) == ("deferred", 0)
    assert result.reply_text == "4.3.0 not sent: The config profile (nowhere) could not be found"
    assert not there.taken


def test_success_that_nobody_understands_is_uncertain(there, phases):
    there.answer = lambda taken: Reply(200, JSON, b"{}")

    assert sent(there, phases)[0].outcome == "uncertain"


def test_who_does_not_use_it_does_not_load_it():
    """boto3 takes tens of megabytes in each process."""
    code = (
        "import sys, django; django.setup(); import mailagent.celery, servers.listener\n"
        "from django.urls import get_resolver; get_resolver().url_patterns\n"
        "import outbound.tasks, tracking.provider_views\n"
        "sys.exit(bool({'boto3', 'botocore'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
