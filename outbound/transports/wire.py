"""The client's side of an SMTP connection (RFC 5321): commands, replies, TLS, deadlines.

smtplib waits for each line anew, so that a server which sends one octet a minute holds a worker
for ever; here every stage has one deadline for all of its octets.
"""

import base64
import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

_LONGEST_LINE = 4096
_MOST_LINES = 100
_LONGEST_TEXT = 500
_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])([ -]?)(.*)", re.DOTALL)


class ConnectionLost(Exception):
    """The server is out of reach, went away, was too slow, or speaks nonsense."""

    def __init__(self, sentence: str, reply: "Reply | None" = None) -> None:
        super().__init__(f"{sentence}: {reply.text}" if reply else sentence)
        self.reply_code = reply.code if reply else 0


class TlsFailed(ConnectionLost):
    """No TLS could be agreed on, or the certificate is not the host's."""


class AuthRefused(ConnectionLost):
    """The server does not take our user and password. The sentence holds neither."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for each stage (RFC 5321 §4.5.3.2). `total` ends before the dot, `final` after it."""

    connect: float = 30
    greeting: float = 120
    command: float = 300
    data: float = 180
    final: float = 600
    total: float = 900


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer: its code, and its words in one printable line."""

    code: int
    text: str
    lines: tuple[str, ...] = ()


class SmtpConnection:
    """One connection, from the greeting on. Raises ConnectionLost whatever goes wrong with it."""

    def __init__(self, host: str, stream: socket.socket, timeouts: Timeouts) -> None:
        self.host = host
        self.extensions: dict[str, str] = {}
        self.is_open = True
        self.transactions = 0
        self.at_close: Callable[[], None] | None = None  # called once
        self._socket = stream
        self._timeouts = timeouts
        self._received = b""
        self._total_until = time.monotonic() + timeouts.total

    @classmethod
    def open(
        cls,
        host: str,
        address: tuple[str, int],
        timeouts: Timeouts,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> "SmtpConnection":
        """Connect and read the greeting; under TLS from the start when `tls` is given."""
        try:
            stream = socket.create_connection(address, timeout=timeouts.connect)
        except OSError as error:
            raise ConnectionLost(f"cannot connect: {_words(error)}") from error
        connection = cls(host, stream, timeouts)
        try:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                connection._wrap(tls)
            connection._greeting()
        except BaseException:
            connection.close()
            raise
        return connection

    def _greeting(self) -> None:
        greeting = self._reply(self._timeouts.greeting)
        if greeting.code != 220:
            raise ConnectionLost("not welcome", greeting)

    def hello(self, hostname: str) -> None:
        """EHLO, or HELO where the server is that old. Sets `extensions`."""
        reply = self.command(f"EHLO {hostname}")
        self.extensions = {}
        if reply.code == 250:
            for line in reply.lines[1:]:
                keyword, _, parameters = line.partition(" ")
                self.extensions[keyword.upper()] = parameters.strip()
            return
        if 500 <= reply.code <= 504:
            reply = self.command(f"HELO {hostname}")
        if reply.code != 250:
            raise ConnectionLost("EHLO refused", reply)

    def start_tls(self, context: ssl.SSLContext) -> None:
        """STARTTLS (RFC 3207). Say `hello` again after it. Raises TlsFailed."""
        reply = self.command("STARTTLS")
        if reply.code != 220:
            raise TlsFailed("STARTTLS refused", reply)
        if self._received:
            raise TlsFailed("the server spoke after STARTTLS and before TLS")
        self._wrap(context)

    def _wrap(self, context: ssl.SSLContext) -> None:
        try:
            self._limit(self._timeouts.greeting)
            self._socket = context.wrap_socket(self._socket, server_hostname=self.host)
        except (OSError, ValueError) as error:
            raise TlsFailed(f"no TLS: {_words(error)}") from error

    @property
    def is_encrypted(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    def log_in(self, user: str, password: str) -> None:
        """AUTH PLAIN or LOGIN (RFC 4954), under TLS or where the caller accepts the risk."""
        offered = self.extensions.get("AUTH", "").upper().split()
        if "PLAIN" in offered or "LOGIN" not in offered:
            reply = self.command(f"AUTH PLAIN {_base64(f'{chr(0)}{user}{chr(0)}{password}')}")
        else:
            reply = self.command("AUTH LOGIN")
            for secret in (user, password):
                if reply.code == 334:
                    reply = self.command(_base64(secret))
        if reply.code != 235:
            raise AuthRefused("log-in refused", reply)

    def command(self, line: str) -> Reply:
        """Send one command and wait for its reply. `line` has no CR or LF."""
        if self._received:
            raise ConnectionLost("the server spoke out of turn")
        self.send(line.encode() + b"\r\n", self._timeouts.command)
        return self._reply(self._timeouts.command)

    def send(self, octets: bytes, seconds: float) -> None:
        try:
            self._limit(seconds)
            self._socket.sendall(octets)
        except OSError as error:
            raise ConnectionLost(f"connection lost: {_words(error)}") from error

    def early_reply(self) -> Reply | None:
        """A refusal that comes before we are done, if one does. Raises ConnectionLost."""
        if not self._received and not self._has_spoken():
            return None
        reply = self._reply(self._timeouts.command)
        if reply.code < 400:
            raise ConnectionLost("the server spoke out of turn")
        return reply

    def _has_spoken(self) -> bool:
        try:
            self._socket.settimeout(0)
            received = self._socket.recv(_LONGEST_LINE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError as error:
            raise ConnectionLost(f"connection lost: {_words(error)}") from error
        if not received:
            raise ConnectionLost("the server closed the connection")
        self._received += received
        return True

    def final_reply(self) -> Reply:
        """The answer to the dot, for which `total` does not count."""
        self._total_until = time.monotonic() + self._timeouts.final
        return self._reply(self._timeouts.final)

    def renew(self) -> None:
        """Begin to count `total` anew, for another transaction."""
        self.transactions += 1
        self._total_until = time.monotonic() + self._timeouts.total

    def quit(self) -> None:
        """Say QUIT and close, without waiting for the answer. Raises nothing."""
        try:
            self.send(b"QUIT\r\n", 5)
        except ConnectionLost:
            pass
        finally:
            self.close()

    def close(self) -> None:
        self.is_open = False
        with suppress(OSError):
            self._socket.close()
        at_close, self.at_close = self.at_close, None
        if at_close is not None:
            at_close()

    def _limit(self, seconds: float) -> None:
        left = min(seconds, self._total_until - time.monotonic())
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left)

    def _reply(self, seconds: float) -> Reply:
        until = min(time.monotonic() + seconds, self._total_until)
        lines: list[str] = []
        while len(lines) < _MOST_LINES:
            matched = _REPLY_LINE.match(self._line(until))
            if not matched:
                raise ConnectionLost("the server's reply is no SMTP")
            lines.append(matched[3].decode("utf-8", "replace"))
            if matched[2] != b"-":
                return Reply(int(matched[1]), printable(" ".join(lines)), tuple(lines))
        raise ConnectionLost("the server's reply does not end")

    def _line(self, until: float) -> bytes:
        while b"\n" not in self._received:
            if len(self._received) > _LONGEST_LINE:
                raise ConnectionLost("the server's reply is no SMTP")
            self._received += self._received_by(until)
        line, _, self._received = self._received.partition(b"\n")
        return line.rstrip(b"\r")

    def _received_by(self, until: float) -> bytes:
        try:
            self._limit(until - time.monotonic())
            received = self._socket.recv(_LONGEST_LINE)
        except OSError as error:
            raise ConnectionLost(f"connection lost: {_words(error)}") from error
        if not received:
            raise ConnectionLost("the server closed the connection")
        return received


def printable(text: str) -> str:
    """One bounded line of a server's words, safe to store and to show as text."""
    visible = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(visible.split())[:_LONGEST_TEXT]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return printable(error.strerror)
    return printable(str(error)) or type(error).__name__
