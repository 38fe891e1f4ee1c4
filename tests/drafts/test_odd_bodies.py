"""Bodies that are neither JSON nor a form, whatever they say: refused, and nothing is done."""

import pytest

from drafts.models import Draft
from inboxes.models import Inbox, Message
from tests.api.conftest import Client
from tests.api.test_tenants import refusal
from tests.conftest import make_key

FORM = "multipart/form-data; boundary=b"
FIELD = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n%s\r\n%s\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n%s\r\n%s\r\n'
FORMS = {
    "no boundary": ("multipart/form-data", b"x"),
    "empty boundary": ("multipart/form-data; boundary=", b"x"),
    "boundary of odd letters": ("multipart/form-data; boundary=\xff\xfe", b"x"),
    "long boundary": (f"multipart/form-data; boundary={'b' * 300}", b"x"),
    "garbage": (FORM, bytes(range(256)) * 8),
    "no end": (FORM, FIELD % (b"to", b"", b"bob@other.example")),
    "text not utf-8": (FORM, FIELD % (b"to", b"", b"\xff\xfe") + b"--b--\r\n"),
    "nul": (FORM, FIELD % (b"subject", b"", b"a\0b") + b"--b--\r\n"),
    "nul in a name": (FORM, FIELD % (b"a\0b", b"", b"x") + b"--b--\r\n"),
    "charset that is none": (
        FORM + "; charset=nonsense",
        FIELD % (b"to", b"Content-Type: text/plain; charset=nonsense\r\n", b"x") + b"--b--\r\n",
    ),
    "mixed in mixed": (
        FORM,
        b'--b\r\nContent-Disposition: form-data; name="f"\r\n'
        b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n",
    ),
    "a thousand fields": (FORM, FIELD % (b"to", b"", b"x") * 1001 + b"--b--\r\n"),
    "a thousand files": (FORM, FILE % (b"a", b"", b"x") * 1001 + b"--b--\r\n"),
}
OTHER_STATUS = {"a thousand fields": 413, "long boundary": 415}
JSONS = {
    "not utf-8": b'{"subject": "\xff\xfe"}',
    "nul": b'{"to": "bob@other.example", "subject": "a\\u0000b"}',
    "lone surrogate": b'{"to": "bob@other.example", "subject": "\\ud800"}',
    "deep": b'{"metadata": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "huge number": b'{"to": "bob@other.example", "expiresIn": ' + b"9" * 5_000 + b"}",
    "huge exponent": b'{"to": "bob@other.example", "expiresIn": 1e400}',
    "not a number": b'{"to": "bob@other.example", "metadata": {"n": NaN}}',
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "nothing": b"",
    "cut": b'{"to": ',
}


@pytest.fixture
def client(inbox) -> Client:
    Inbox.objects.filter(pk=inbox.pk).update(review_mode=Inbox.ReviewMode.OFF)
    return Client(make_key(inbox))


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("path", ["send", "drafts"])
def test_a_form_that_is_none_is_refused(client, inbox, name, path):
    content_type, body = FORMS[name]

    response = client.generic("POST", f"/v1/inboxes/{inbox.pk}/{path}", body, content_type)

    assert refusal(response)[0] == OTHER_STATUS.get(name, 400), response.content
    assert not Message.objects.exists() and not Draft.objects.exists()


def test_a_form_without_fields_is_a_draft_without_words_as_in_json(client, inbox):
    path = f"/v1/inboxes/{inbox.pk}/drafts"

    form = client.generic("POST", path, b"--b--\r\n", FORM)

    assert form.status_code == client.post(path, {}).status_code == 201


@pytest.mark.parametrize("name", JSONS)
def test_json_that_is_none_is_refused(client, inbox, name):
    response = client.generic(
        "POST", f"/v1/inboxes/{inbox.pk}/send", JSONS[name], "application/json"
    )

    assert refusal(response) == (400, "VALIDATION_ERROR"), response.content
    assert not Message.objects.exists()
