"""An SMTP server on a real socket that does what a test tells it to, however rude."""

import datetime
import socket
import socketserver
import ssl
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HANG = "hang"
DROP = "drop"
DRIP = "drip"


@dataclass
class Script:
    """Replies by verb, for RCPT by address. `HANG` waits, `DROP` closes, `DRIP` never ends."""

    greeting: str = "220 there.example ESMTP"
    extensions: tuple[str, ...] = ("SIZE 1000000", "8BITMIME")
    replies: dict[str, str] = field(default_factory=dict)
    rcpt: dict[str, str] = field(default_factory=dict)
    on_dot: str = "250 2.0.0 queued as 1"
    drop_after_octets: int = 0
    early: str = ""  # Said in the midst of DATA; nothing is taken after it.
    tls: ssl.SSLContext | None = None
    is_implicit: bool = False  # TLS from the first octet on
    breaks_tls: bool = False
    stalls_tls: bool = False  # "220 go ahead", and not an octet of TLS


@dataclass
class Seen:
    """What the server has seen, over all connections."""

    connections: int = 0
    commands: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    unfinished: list[bytes] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)


class ScriptedServer:
    def __init__(self, script: Script, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.script = script
        self.seen = Seen()
        self.released = threading.Event()
        owner = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                owner.seen.connections += 1
                Session(owner, self.request).run()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that went away is what some tests are about."""

        self._server = Server((host, port), Handler)
        self.host, self.port = self._server.server_address[:2]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


class Session:
    def __init__(self, server: ScriptedServer, stream: socket.socket) -> None:
        self.server, self.script, self.seen = server, server.script, server.seen
        self.stream = stream
        self.is_encrypted = False
        self.reader = stream.makefile("rb")

    def run(self) -> None:
        if self.script.is_implicit:
            self.wrap()
        if not self.say(self.script.greeting):
            return
        while line := self.reader.readline():
            command = line.decode().rstrip("\r\n")
            self.seen.commands.append(command)
            if not self.obey(command):
                return

    def obey(self, command: str) -> bool:
        verb = command.split(" ")[0].upper()
        if verb == "EHLO" and verb not in self.script.replies:
            lines = ["250-there.example", *(f"250-{each}" for each in self.offered()), "250 HELP"]
            return self.say("\r\n".join(lines))
        if verb == "STARTTLS" and self.script.tls and verb not in self.script.replies:
            return self.begin_tls()
        if verb == "RCPT":
            address = command.partition("<")[2].partition(">")[0]
            return self.say(self.script.rcpt.get(address, "250 2.1.5 ok"))
        if verb == "DATA" and verb not in self.script.replies:
            return self.take_message()
        if command.upper() == "AUTH LOGIN":
            self.ask_for_log_in()
        usual = "235 2.7.0 welcome" if verb == "AUTH" else "250 2.0.0 ok"
        return self.say(self.script.replies.get(verb, usual)) and verb != "QUIT"

    def offered(self) -> list[str]:
        tls = ["STARTTLS"] if self.script.tls and not self.is_encrypted else []
        return [*self.script.extensions, *tls]

    def begin_tls(self) -> bool:
        assert self.script.tls
        self.say("220 go ahead")
        if self.script.breaks_tls:
            self.stream.sendall(b"this is not TLS at all\r\n")
            return False
        if self.script.stalls_tls:
            return self.say(HANG)
        self.wrap()
        return True

    def wrap(self) -> None:
        assert self.script.tls
        self.stream = self.script.tls.wrap_socket(self.stream, server_side=True)
        self.reader = self.stream.makefile("rb")
        self.is_encrypted = True

    def ask_for_log_in(self) -> None:
        for question in ("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"):
            self.say(question)
            self.seen.commands.append(self.reader.readline().decode().rstrip("\r\n"))

    def take_message(self) -> bool:
        self.say("354 go ahead")
        octets = bytearray()
        while line := self.reader.readline():
            if line == b".\r\n":
                break
            octets += line[1:] if line.startswith(b".") else line
            if self.script.early and len(octets) < 100:
                self.say(self.script.early)
            if 0 < self.script.drop_after_octets <= len(octets):
                return False
        else:
            self.seen.unfinished.append(bytes(octets))
            return False
        self.seen.messages.append(bytes(octets))
        self.seen.encrypted.append(self.is_encrypted)
        return self.say(self.script.on_dot)

    def say(self, words: str) -> bool:
        if words == HANG:
            self.server.released.wait(20)
            return False
        if words == DRIP:
            while not self.server.released.wait(0.05):
                self.stream.sendall(b"2")
            return False
        if words == DROP:
            self.stream.shutdown(socket.SHUT_RDWR)
            return False
        self.stream.sendall(words.encode() + b"\r\n")
        return True


def self_signed(name: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for `name`, and the file by which a client may come to trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    trusted = folder / f"{name}.pem"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    with tempfile.NamedTemporaryFile(dir=folder) as both:
        both.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        both.write(trusted.read_bytes())
        both.flush()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both.name)
    return context, trusted


ServerMaker = Callable[..., ScriptedServer]
