"""What Amazon SES tells through SNS: signed by Amazon, and of the topic that was configured."""

import base64
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.utils import timezone

from inboxes.examining import examiner
from inboxes.models import Message
from inboxes.opening import open_inbox
from outbound.models import Delivery, ProviderMessage, Suppression
from tests.inboxes.letters import compose
from tests.outbound.mail import queued, statuses
from tests.webhooks.receiver import Receiver, Reply
from tracking import sns

ANN = "ann@customer.example"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:Your Anymail webhooks are insecure"),
]


@pytest.fixture(scope="module")
def amazon():
    """A key, and the certificate that stands where Amazon's would."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(timezone.now())
        .not_valid_after(timezone.now() + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key, made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(autouse=True)
def fetched(amazon, monkeypatch):
    """The URLs at Amazon that were asked for. Only that host is played; all else is real."""
    asked = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return amazon[1]

    monkeypatch.setattr(sns, "fetch", fetch)
    for cache in (sns._key_at, examiner):
        cache.cache_clear()
    yield asked
    for cache in (sns._key_at, examiner):
        cache.cache_clear()


@pytest.fixture
def paths(hooked):
    return hooked("amazon_ses", topic_arn=TOPIC, inbound_topic_arn=TOPIC)[1]


@pytest.fixture
def told(client, amazon):
    """Posts a message of SNS, signed as Amazon signs; `more` changes it before, `then` after."""

    def tell(path: str, said: object, *, then: dict[str, str] | None = None, **more: str):
        message = {
            "Type": "Notification",
            "MessageId": "sns-1",
            "TopicArn": TOPIC,
            "Message": said if isinstance(said, str) else json.dumps(said),
            "Timestamp": "2026-03-01T10:00:00.000Z",
            "SignatureVersion": "2",
            "SigningCertURL": CERTIFICATE_URL,
            **more,
        }
        signed = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        if message["Type"] != "Notification":
            signed[2:3] = ["SubscribeURL"]
            signed[4:4] = ["Token"]
        text = "".join(f"{name}\n{message[name]}\n" for name in signed if name in message)
        algorithm = hashes.SHA1() if message["SignatureVersion"] == "1" else hashes.SHA256()
        signature = amazon[0].sign(text.encode(), padding.PKCS1v15(), algorithm)
        message |= {"Signature": base64.b64encode(signature).decode(), **(then or {})}
        headers = {
            "x-amz-sns-message-type": message["Type"],
            "x-amz-sns-message-id": message["MessageId"],
        }
        body = json.dumps(message)
        return client.post(path, body, content_type="text/plain; charset=UTF-8", headers=headers)

    return tell


@pytest.fixture
def sent(inbox) -> Delivery:
    delivery = Delivery.objects.get(message=queued(inbox, ANN))
    Delivery.objects.filter(pk=delivery.pk).update(
        status="sent", attempts=1, settled_at=timezone.now()
    )
    ProviderMessage.objects.create(domain=inbox.domain, remote_id="remote-1", delivery=delivery)
    return delivery


BOUNCE = {
    "eventType": "Bounce",
    "mail": {"messageId": "remote-1", "destination": [ANN]},
    "bounce": {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {"emailAddress": ANN, "diagnosticCode": "smtp; 550 5.1.1 no such user"}
        ],
    },
}


@pytest.mark.parametrize("version", ["1", "2"])
def test_bounce_that_amazon_has_signed_suppresses(told, paths, sent, version):
    assert told(paths["tracking"], BOUNCE, SignatureVersion=version).status_code == 200

    assert statuses(sent.message) == ["failed"]
    assert Suppression.objects.get().address == ANN


def test_permanent_bounce_without_words_of_a_server_suppresses(told, paths, sent):
    bounce = {**BOUNCE["bounce"], "bouncedRecipients": [{"emailAddress": ANN}]}

    told(paths["tracking"], {**BOUNCE, "bounce": bounce})

    assert Suppression.objects.get().address == ANN


@pytest.mark.parametrize(
    "forged",
    [
        {"Message": json.dumps({**BOUNCE, "eventType": "Complaint"})},
        {"Signature": "AAAA"},
        {"Signature": "no base64!"},
        {"SignatureVersion": "3"},
        {"Subject": "added"},
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:mail"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem"},
        {"SigningCertURL": "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://u@sns.eu-west-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/x.html"},
    ],
)
def test_what_amazon_has_not_signed_is_refused(told, paths, sent, fetched, forged):
    assert told(paths["tracking"], BOUNCE, then=forged).status_code == 403

    assert statuses(sent.message) == ["sent"]
    assert {urlsplit(url).hostname for url in fetched} <= {"sns.eu-west-1.amazonaws.com"}


def test_somebody_s_own_topic_is_refused_although_amazon_signs_for_it(told, paths, sent, fetched):
    theirs = "arn:aws:sns:eu-west-1:999999999999:mail"

    assert told(paths["tracking"], BOUNCE, TopicArn=theirs).status_code == 403
    assert statuses(sent.message) == ["sent"]
    assert fetched == []


def test_without_a_topic_nothing_is_heard(told, hooked, sent):
    _, paths = hooked("amazon_ses")

    assert told(paths["tracking"], BOUNCE).status_code == 400
    assert statuses(sent.message) == ["sent"]


def subscription(told, path: str, **more: str):
    offered = {"SubscribeURL": "https://evil.example/", "Token": "t&1", **more}
    return told(path, "You have chosen to subscribe.", Type=sns.SUBSCRIPTION, **offered)


def test_subscription_of_the_topic_is_accepted_at_the_topic_s_own_place(told, paths, fetched):
    assert subscription(told, paths["tracking"]).status_code == 200

    asked = urlsplit(fetched[-1])
    assert (asked.scheme, asked.netloc) == ("https", "sns.eu-west-1.amazonaws.com")
    assert parse_qs(asked.query) == {
        "Action": ["ConfirmSubscription"],
        "TopicArn": [TOPIC],
        "Token": ["t&1"],
    }


def test_subscription_of_another_topic_is_not_accepted(told, paths, fetched):
    theirs = "arn:aws:sns:eu-west-1:999999999999:mail"

    assert subscription(told, paths["tracking"], TopicArn=theirs).status_code == 403
    assert fetched == []


def test_amazon_comes_again_when_its_certificate_is_not_to_be_had(told, paths, sent, monkeypatch):
    def fetch(url: str) -> bytes:
        raise sns.Unreachable("away")

    monkeypatch.setattr(sns, "fetch", fetch)
    assert told(paths["tracking"], BOUNCE).status_code == 503


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 9999])
def test_nonsense_is_refused(client, paths, body):
    response = client.post(paths["inbound"], body, content_type="text/plain")

    assert response.status_code in (400, 403)


# --- Mail that it brings ------------------------------------------------------------------------


def received(raw: bytes, **more: object) -> dict[str, object]:
    receipt = {
        "recipients": ["support@acme.example", "sales@acme.example"],
        "action": {"type": "SNS", "encoding": "BASE64"},
        **more,
    }
    return {
        "notificationType": "Received",
        "mail": {"messageId": "in-1", "source": ANN, "timestamp": "2026-03-01T10:00:00.000Z"},
        "receipt": receipt,
        "content": base64.b64encode(raw).decode(),
    }


def test_mail_comes_as_it_was_to_each_of_its_recipients(told, paths, inbox):
    open_inbox(inbox.workspace, inbox.domain, "sales", by="test")

    assert told(paths["inbound"], received(compose())).status_code == 200

    messages = Message.objects.select_related("inbox", "raw_record")
    assert {each.inbox.email for each in messages} == {
        "support@acme.example",
        "sales@acme.example",
    }
    assert {bytes(each.raw_record.octets) for each in messages} == {compose()}
    assert {each.mail_from for each in messages} == {ANN}


def test_verdicts_of_amazon_put_mail_into_junk(told, paths, inbox):
    verdicts = {name: {"status": "FAIL"} for name in ("spamVerdict", "virusVerdict", "spfVerdict")}

    told(paths["inbound"], received(compose(), **verdicts))

    message = Message.objects.get()
    assert message.labels == ["spam", "infected"]
    assert message.authentication["spf"] == "fail"
    assert message.entries.get().folder.role == "junk"


def test_mail_that_waits_in_s3_is_fetched_with_the_domain_s_credentials(told, hooked, inbox):
    store = Receiver(lambda taken: Reply(200, {}, compose()))
    more = {"inbound_topic_arn": TOPIC, "api_url": f"http://127.0.0.1:{store.port}/"}
    _, paths = hooked("amazon_ses", **more)
    action = {"type": "S3", "bucketName": "mail", "objectKey": "in/1"}
    try:
        assert told(paths["inbound"], received(b"", action=action)).status_code == 200

        assert Message.objects.get().subject == "My printer burns"
        (taken,) = store.taken
        assert taken.path == "/mail/in/1"
        assert "Credential=AKIDEXAMPLE/" in taken.headers["authorization"]

        store.answer = lambda taken: Reply(503, {}, b"")
        assert told(paths["inbound"], received(b"", action=action)).status_code == 503
    finally:
        store.close()
