"""What the web process refuses before the application hears of it: in JSON, like all else."""

import socket
import subprocess
import sys

import httpx
import pytest

from tests.events.listening import ROOT, free_port
from tests.outbound.worker_process import eventually


def assert_told(response: httpx.Response) -> None:
    assert set(response.json()) == {"error", "code", "details"}
    assert response.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=\xe9".encode("latin-1"), b"--\xe9--"),
    ],
)
def test_a_form_without_a_boundary_is_refused_with_a_sentence(web, key, inbox, content_type, body):
    response = httpx.post(
        f"{web.http}/v1/inboxes/{inbox.pk}/drafts",
        content=body,
        headers=[("X-API-Key", key), ("Content-Type", content_type)],
    )

    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")
    assert_told(response)


def test_a_form_that_is_whole_is_taken(web, key, inbox):
    response = httpx.post(
        f"{web.http}/v1/inboxes/{inbox.pk}/drafts",
        data={"to": "ann@customer.example", "plainBody": "Hello"},
        files={"file": ("a.txt", b"hello", "text/plain")},
        headers={"X-API-Key": key},
    )

    assert response.status_code == 201
    assert [file["filename"] for file in response.json()["attachments"]] == ["a.txt"]


def test_a_failure_beyond_the_application_is_told_in_json_with_a_request_id():
    port = free_port()
    broken = [sys.executable, "-m", "mailagent.web", "-b", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        [*broken, "-v", "0", "tests.events.broken_application:application"], cwd=ROOT
    )
    try:
        eventually(lambda: is_open(port), "the door is open", seconds=60)
        response = httpx.get(f"http://127.0.0.1:{port}/v1/me", timeout=20)
    finally:
        process.kill()
        process.wait()

    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in response.text
    assert_told(response)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
