"""Ports that take connections, and the certificate that they show."""

import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtensionOID
from django.conf import settings
from django.utils import timezone

from mailagent.doctor.findings import Finding, fault, ok, warning

PATIENCE = 5.0  # seconds
SOON = timedelta(days=21)
MX_PORT = 25
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def ports() -> Iterator[Finding]:
    """Our listeners answer, and port 25 of our name leads to the one for mail."""
    here = _EVERYWHERE.get(settings.BIND, settings.BIND)
    yield _answers(
        "web", here, settings.WEB_PORT, b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n", b"HTTP"
    )
    yield _answers("smtp", here, settings.SMTP_PORT, b"", b"220")
    if "." in settings.HOSTNAME:
        yield reachable(settings.HOSTNAME, MX_PORT)


def _answers(about: str, host: str, port: int, say: bytes, expected: bytes) -> Finding:
    heard = _hear(host, port, say)
    if heard.startswith(expected):
        return ok(about, f"Port {port} on {host} answers.")
    do = "Start it (`manage.py up`, or the unit of that process), and look at its log."
    if heard:
        return fault(about, f"Something else answers at port {port} on {host}.", do)
    return fault(about, f"Nothing answers at port {port} on {host}.", do)


def reachable(host: str, port: int) -> Finding:
    """Whether `host` answers as a mail server at `port`, as far as that shows from here."""
    if _hear(host, port, b"").startswith(b"220"):
        return ok("mx port", f"{host} answers at port {port}.")
    return warning(
        "mx port", f"{host} does not answer at port {port} from here.",
        f"Lead port {port} to MAILAGENT_SMTP_PORT ({settings.SMTP_PORT}), and open it to the net.",
    )  # fmt: skip


def _hear(host: str, port: int, say: bytes) -> bytes:
    try:
        with socket.create_connection((host, port), timeout=PATIENCE) as connection:
            connection.settimeout(PATIENCE)
            connection.sendall(say)
            return connection.recv(64)
    except OSError:
        return b""


def certificate() -> Iterator[Finding]:
    """It can be read, belongs to its key, bears our name, and is good for a while."""
    if not settings.TLS_CERTIFICATE:
        yield warning(
            "tls", "There is no certificate: mail comes in unencrypted.",
            "Set MAILAGENT_TLS_CERTIFICATE and MAILAGENT_TLS_KEY.",
        )  # fmt: skip
        return
    renew = "Renew it, and start the mail process anew."
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            settings.TLS_CERTIFICATE, settings.TLS_KEY or None
        )
        found = x509.load_pem_x509_certificate(Path(settings.TLS_CERTIFICATE).read_bytes())
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        says = f"{settings.TLS_CERTIFICATE} cannot be used: {error}."
        yield fault("tls", says, "Set both to readable PEM files that belong together.")
        return
    left = found.not_valid_after_utc - timezone.now()
    until = f"{found.not_valid_after_utc:%Y-%m-%d}"
    if left <= timedelta(0):
        yield fault("tls", f"The certificate ended on {until}.", renew)
    elif left < SOON:
        yield warning("tls", f"The certificate ends on {until}.", renew)
    else:
        yield ok("tls", f"The certificate is good until {until}.")
    names = _names_of(found)
    if not _bears(names, settings.HOSTNAME.lower()):
        yield warning(
            "tls", f"The certificate is for {', '.join(names) or 'no name'}.",
            f"Get one for {settings.HOSTNAME}: senders that insist on TLS turn away from others.",
        )  # fmt: skip


def _names_of(found: x509.Certificate) -> list[str]:
    try:
        extension = found.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return []
    names = extension.value
    assert isinstance(names, x509.SubjectAlternativeName)  # noqa: S101 - by its OID
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)]


def _bears(names: list[str], host: str) -> bool:
    """RFC 9525 §6.3: a `*` stands for one whole label, the first."""
    return host in names or f"*.{host.partition('.')[2]}" in names
