"""Providers' APIs, played by a local HTTP server, and the settings to use each."""

import base64
import json
from typing import Any

from tests.webhooks.receiver import Receiver, Reply, Taken

JSON = {"Content-Type": "application/json"}
SETTINGS: dict[str, dict[str, str]] = {
    "amazon_ses": {
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "amazon-secret",
        "region": "eu-west-1",
    },
    "brevo": {"api_key": "brevo-secret-key"},
    "mailersend": {"api_token": "mailersend-secret"},
    "mailgun": {"api_key": "mailgun-secret-key", "webhook_signing_key": "mailgun-signing-key"},
    "mailjet": {"api_key": "mailjet-secret-1", "secret_key": "mailjet-secret-2"},
    "mailtrap": {"api_token": "mailtrap-secret"},
    "mandrill": {"api_key": "mandrill-secret"},
    "postal": {"api_key": "postal-secret-key"},
    "postmark": {"server_token": "postmark-secret-token"},
    "resend": {"api_key": "resend-secret-key"},
    "scaleway": {"secret_key": "scaleway-secret", "project_id": "a-project"},
    "sendgrid": {"api_key": "sendgrid-secret-key"},
    "sparkpost": {"api_key": "sparkpost-secret"},
    "unisender_go": {"api_key": "unisender-secret"},
}


def said_in(taken: Taken) -> str:
    """All that the request says."""
    said = taken.content.decode("utf-8", "replace")
    if "/outbound-emails" in taken.path:  # Amazon's: a whole message within
        said += mail_in(taken).decode()
    return said


def mail_in(taken: Taken) -> bytes:
    """The message that Amazon SES is handed."""
    return base64.b64decode(taken.body["Content"]["Raw"]["Data"])


def taken_by(kind: str, rcpt_tos: tuple[str, ...]) -> Reply:
    """The answer of a provider that takes the message for all."""
    each = [{"email": rcpt_to} for rcpt_to in rcpt_tos]
    bodies: dict[str, Any] = {
        "amazon_ses": {"MessageId": "remote-1"},
        "brevo": {"messageId": "<remote-1@brevo>"},
        "mailersend": {},
        "mailgun": {"id": "<remote-1@mailgun>", "message": "Queued. Thank you."},
        "mailjet": {
            "Messages": [
                {
                    "Status": "success",
                    "To": [{"Email": rcpt_to, "MessageID": 1234} for rcpt_to in rcpt_tos],
                }
            ]
        },
        "mailtrap": {"success": True, "message_ids": ["remote-1"] * len(rcpt_tos)},
        "mandrill": [{**one, "status": "sent", "_id": "remote-1"} for one in each],
        "postal": {
            "status": "success",
            "data": {"messages": {rcpt_to: {"id": 1, "token": "t"} for rcpt_to in rcpt_tos}},
        },
        "postmark": {
            "ErrorCode": 0,
            "Message": "OK",
            "MessageID": "remote-1",
            "To": ", ".join(rcpt_tos),
        },
        "resend": {"id": "remote-1"},
        "scaleway": {
            "emails": [
                {"mail_rcpt": rcpt_to, "id": "remote-1", "status": "sending"}
                for rcpt_to in rcpt_tos
            ]
        },
        "sendgrid": "",
        "sparkpost": {
            "results": {
                "total_accepted_recipients": len(rcpt_tos),
                "total_rejected_recipients": 0,
                "id": "remote-1",
            }
        },
        "unisender_go": {"status": "success", "job_id": "remote-1", "emails": list(rcpt_tos)},
    }
    headers = dict(JSON)
    if kind == "mailersend":
        headers["X-Message-Id"] = "remote-1"
    body = b"" if kind == "sendgrid" else json.dumps(bodies[kind]).encode()
    return Reply(202 if kind in ("sendgrid", "mailersend") else 200, headers, body)


def api_of(kind: str, receiver: Receiver) -> dict[str, str]:
    """Settings to use `kind` at `receiver`."""
    return {**SETTINGS[kind], "api_url": f"http://127.0.0.1:{receiver.port}/api/"}
