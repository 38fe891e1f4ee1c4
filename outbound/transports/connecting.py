"""Connections that are ready for MAIL: greeted, encrypted as far as asked, logged in."""

import ssl
from functools import lru_cache

from outbound.transports.wire import ConnectionLost, SmtpConnection, Timeouts, TlsFailed


@lru_cache(maxsize=1)
def verified_tls() -> ssl.SSLContext:
    """TLS with a certificate that one of the machine's authorities vouches for."""
    return ssl.create_default_context()


@lru_cache(maxsize=1)
def unverified_tls() -> ssl.SSLContext:
    """TLS with whomever: against listeners only, not against impostors (RFC 7435)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connect_opportunistically(
    host: str, address: tuple[str, int], *, hostname: str, timeouts: Timeouts
) -> SmtpConnection:
    """Encrypted where the server offers and manages it, else plain. Raises ConnectionLost."""
    try:
        return _greeted(host, address, hostname, timeouts, starts_tls=True)
    except TlsFailed:
        return _greeted(host, address, hostname, timeouts, starts_tls=False)


def connect_plainly(
    host: str, address: tuple[str, int], *, hostname: str, timeouts: Timeouts
) -> SmtpConnection:
    """Without TLS, because the administrator said so. Raises ConnectionLost."""
    return _greeted(host, address, hostname, timeouts, starts_tls=False)


def _greeted(
    host: str, address: tuple[str, int], hostname: str, timeouts: Timeouts, *, starts_tls: bool
) -> SmtpConnection:
    connection = SmtpConnection.open(host, address, timeouts)
    try:
        connection.hello(hostname)
        if starts_tls and "STARTTLS" in connection.extensions:
            connection.start_tls(unverified_tls())
            connection.hello(hostname)
    except ConnectionLost:
        connection.close()
        raise
    return connection


def connect_securely(
    host: str,
    address: tuple[str, int],
    *,
    hostname: str,
    timeouts: Timeouts,
    is_implicit: bool,
) -> SmtpConnection:
    """Under verified TLS, from the start or by STARTTLS. Raises ConnectionLost."""
    tls = verified_tls()
    connection = SmtpConnection.open(host, address, timeouts, tls=tls if is_implicit else None)
    try:
        connection.hello(hostname)
        if not is_implicit:
            connection.start_tls(tls)
            connection.hello(hostname)
    except ConnectionLost:
        connection.close()
        raise
    return connection
