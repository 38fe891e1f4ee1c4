"""Whether a posted event is ours."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from mailagent_client import InvalidSignature, verify
from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = json.dumps({"event": "message.received", "messageId": "1"})


def headers(at: datetime, secret: str = SECRET) -> dict[str, str]:
    return {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("evt_1", at, BODY),
    }


def test_what_was_signed_with_the_secret_is_the_event():
    signed = headers(datetime.now(tz=UTC))
    assert verify(BODY.encode(), signed, SECRET)["messageId"] == "1"


def test_another_body_another_secret_and_an_old_one_are_refused():
    signed = headers(datetime.now(tz=UTC))
    with pytest.raises(InvalidSignature):
        verify(BODY.replace("1", "2"), signed, SECRET)
    with pytest.raises(InvalidSignature):
        verify(BODY, headers(datetime.now(tz=UTC), "whsec_" + "A" * 32), SECRET)
    with pytest.raises(InvalidSignature):
        verify(BODY, headers(datetime.now(tz=UTC) - timedelta(hours=1)), SECRET)
    with pytest.raises(InvalidSignature):
        verify(BODY, {}, SECRET)
