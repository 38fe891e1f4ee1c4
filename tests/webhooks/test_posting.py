"""One request: certificates, deadlines, sizes."""

import contextlib
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from events.webhooks import posting
from events.webhooks.posting import post
from events.webhooks.retries import ATTEMPTS, DELAYS, delay_after, wish_of
from events.webhooks.targets import Target
from tests.webhooks.receiver import Receiver, Reply


def certificate(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate that vouches for itself, for `host`, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ip_address("::2"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return pem, context


@pytest.fixture
def secure(tmp_path, monkeypatch, receivers) -> Receiver:
    """An https receiver, trusted as hook.example."""
    pem, context = certificate(tmp_path, "hook.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    posting.tls.cache_clear()
    yield receivers(tls=context)
    posting.tls.cache_clear()


def test_https_is_verified_for_the_name_while_the_address_is_pinned(secure):
    target = Target.of(f"https://hook.example:{secure.port}/hook")
    answer = post(target, ["127.0.0.1"], b"{}", {"Content-Type": "application/json"})
    assert (answer.status, answer.error) == (200, "")


def test_a_certificate_for_another_name_is_refused(secure):
    target = Target.of(f"https://other.example:{secure.port}/hook")
    answer = post(target, ["127.0.0.1"], b"{}", {})
    assert answer.status is None
    assert answer.error.startswith("TLS: ")
    assert secure.taken == []


def test_the_next_address_is_tried_when_one_does_not_answer(receivers):
    receiver = receivers()
    target = Target.of(f"http://hook.example:{receiver.port}/hook")
    # Nothing listens there at that port.
    assert post(target, ["127.0.0.9", "127.0.0.1"], b"{}", {}).status == 200


def listen(serve) -> int:
    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listening, listening.accept()[0] as visitor, contextlib.suppress(OSError):
            serve(visitor)

    threading.Thread(target=run, daemon=True).start()
    return listening.getsockname()[1]


def drip_headers(visitor: socket.socket) -> None:
    visitor.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while True:
        visitor.sendall(b"x")
        time.sleep(0.05)


def drip_body(visitor: socket.socket) -> None:
    visitor.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        visitor.sendall(b"x")
        time.sleep(0.05)


def say_nothing(visitor: socket.socket) -> None:
    time.sleep(30)


def continue_for_ever(visitor: socket.socket) -> None:
    while True:
        visitor.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize("serve", [drip_headers, drip_body, say_nothing, continue_for_ever])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_slow_answer_is_cut_off_at_the_deadline(serve, scheme):
    target = Target.of(f"{scheme}://hook.example:{listen(serve)}/")
    began = time.monotonic()
    answer = post(target, ["127.0.0.1"], b"{}", {}, seconds=0.6)
    assert time.monotonic() - began < 10
    assert answer.status is None
    assert answer.error


def test_a_flood_is_not_read_to_its_end(receivers):
    receiver = receivers(lambda taken: Reply(200, body=b"x" * 50_000_000))
    answer = post(Target.of(receiver.url), ["127.0.0.1"], b"{}", {})
    assert answer.status == 200
    assert len(answer.body) == 4096


def test_what_is_not_http_is_on_record():
    def greet(visitor: socket.socket) -> None:
        asked = b""
        while not asked.endswith(b"{}"):  # closing on what is unread would be a reset instead
            asked += visitor.recv(65536)
        visitor.sendall(b"220 mail.example ESMTP\r\n")

    port = listen(greet)
    answer = post(Target.of(f"http://127.0.0.1:{port}/"), ["127.0.0.1"], b"{}", {})
    assert answer.status is None
    assert answer.error == "the connection failed: RemoteProtocolError"


def test_tries_spread_over_at_least_72_hours():
    for jitter in (0.0, 0.5, 1.0):
        waits = [delay_after(number, jitter=jitter) for number in range(1, ATTEMPTS)]
        assert len(waits) + 1 >= 10
        assert sum(waits, timedelta()) >= timedelta(hours=72)
    assert delay_after(ATTEMPTS, jitter=0) is None
    assert delay_after(1, jitter=0) != delay_after(1, jitter=1)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("99999999999999999", 86_400),
        ("Sat, 21 Nov 2026 10:01:00 GMT", 60),
        ("Sat, 21 Nov 2020 10:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_both_forms(written, seconds):
    now = datetime(2026, 11, 21, 10, tzinfo=UTC)
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert wish_of(written, now) == expected


def test_a_wish_lengthens_the_wait_and_never_shortens_it():
    assert delay_after(1, jitter=0, wish=timedelta(0)) == DELAYS[0]
    assert delay_after(1, jitter=0, wish=timedelta(minutes=3)) == timedelta(minutes=3)
    assert delay_after(1, jitter=0, wish=timedelta(days=30)) == timedelta(hours=24)
