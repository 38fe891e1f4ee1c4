"""Amazon SNS, which brings what Amazon SES reports: its signatures, and its subscriptions.

Anybody can have a topic whose messages Amazon signs: what counts is the topic that was configured.
"""

import base64
import binascii
import json
import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

FETCH_SECONDS = 5.0
SUBSCRIPTION = "SubscriptionConfirmation"
_HOST = re.compile(r"sns\.[a-z0-9-]{3,40}\.amazonaws\.com(?:\.cn)?")
_TOPIC = re.compile(r"arn:(aws[a-z-]{0,20}):sns:([a-z0-9-]{3,40}):[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - what Amazon signs with unless the topic is told otherwise
    "2": hashes.SHA256(),
}
_SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SIGNED_OF_SUBSCRIPTION = (
    *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
)


class NotFromThere(Exception):
    """The message is not one of the topic, or Amazon has not signed it."""


class Unreachable(Exception):
    """Amazon could not be asked. The same message is worth another try."""


def verified(body: bytes, topics: Collection[str]) -> dict[str, Any]:
    """The message in `body`. Raises NotFromThere; Unreachable where its certificate is not to be
    had; ValueError where it is none."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise NotFromThere("no message")
    if message.get("TopicArn") not in topics:
        raise NotFromThere("another topic")
    algorithm = _HASHES.get(str(message.get("SignatureVersion")))
    if algorithm is None:
        raise NotFromThere("signed in an unknown way")
    try:
        signature = base64.b64decode(str(message.get("Signature")), validate=True)
        key = _key_at(_certificate_url(message))
        key.verify(signature, _signed_text(message), padding.PKCS1v15(), algorithm)
    except (InvalidSignature, binascii.Error) as error:
        raise NotFromThere("the signature is wrong") from error
    return message


def confirm(message: dict[str, Any]) -> None:
    """Accept the subscription that a verified message offers. Raises Unreachable, NotFromThere.

    Asked at the place of the topic itself, wherever the message would have us go.
    """
    topic, token = str(message["TopicArn"]), str(message.get("Token", ""))
    found = _TOPIC.fullmatch(topic)
    if found is None or not token:
        raise NotFromThere("no topic that can be subscribed to")
    suffix = ".cn" if found[1] == "aws-cn" else ""
    asked = urlencode({"Action": "ConfirmSubscription", "TopicArn": topic, "Token": token})
    fetch(f"https://sns.{found[2]}.amazonaws.com{suffix}/?{asked}")


def fetch(url: str) -> bytes:
    """What Amazon answers at `url`. Raises Unreachable."""
    try:
        answer = httpx.get(url, timeout=FETCH_SECONDS, follow_redirects=False)
        return answer.raise_for_status().content
    except httpx.HTTPError as error:
        raise Unreachable(f"{urlsplit(url).hostname}: {type(error).__name__}") from error


def _certificate_url(message: dict[str, Any]) -> str:
    url = str(message.get("SigningCertURL", ""))
    parts = urlsplit(url)
    is_amazon = bool(_HOST.fullmatch(parts.netloc))
    if parts.scheme != "https" or not is_amazon or not parts.path.endswith(".pem"):
        raise NotFromThere("the certificate is not Amazon's")
    return url


@lru_cache(maxsize=8)
def _key_at(url: str) -> rsa.RSAPublicKey:
    try:
        key = x509.load_pem_x509_certificate(fetch(url)).public_key()
    except ValueError as error:
        raise Unreachable("no certificate there") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise NotFromThere("a key of an unknown kind")
    return key


def _signed_text(message: dict[str, Any]) -> bytes:
    """The fields that are signed, each as a line of its name and one of its value."""
    is_notification = message.get("Type") == "Notification"
    names = _SIGNED if is_notification else _SIGNED_OF_SUBSCRIPTION
    lines = [f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None]
    return "".join(lines).encode()
