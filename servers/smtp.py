"""RFC 5321: the port where other people's servers bring mail. RCPT decides, DATA stores.

aiosmtpd carries the connection, STARTTLS and the state between commands; what is said and
refused is ours: enhanced codes (RFC 3463) everywhere, limits, only CRLF.CRLF ends a message, and
an error that nobody foresaw is temporary and says nothing of itself.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from aiosmtpd.smtp import SMTP

from inboxes.letters import Envelope, MailLoops
from inboxes.recipients import Recipient
from servers.grammar import Argument, BadMailbox, NoPath, read_argument
from servers.inbound import DatabaseAway, Intake
from servers.limits import Disk, Doorkeeper, Limits
from servers.reception import Reception
from servers.replies import (
    DATABASE_AWAY,
    NO_ROOM,
    NOT_UNDERSTOOD,
    OUT_OF_ORDER,
    TOO_LARGE,
    TRY_AGAIN,
    Hangup,
)

logger = logging.getLogger(__name__)

_DISCARDED_LINE = 1024 * 1024  # a command line that never ends


@dataclass(slots=True)
class Transaction:
    """What MAIL and RCPT have said so far."""

    mail_from: str | None = None  # "" is the null reverse-path
    smtp_utf8: bool = False
    recipients: list[Recipient] = field(default_factory=list)


class InboundSMTP(SMTP):
    """One session on the MX port."""

    line_length_limit = 128 * 1024  # of the stream: how much is read ahead

    def __init__(
        self,
        intake: Intake,
        *,
        hostname: str,
        limits: Limits,
        doorkeeper: Doorkeeper,
        disk: Disk,
        tls_context: ssl.SSLContext | None = None,
        on_end: Callable[["InboundSMTP"], None] = lambda session: None,
    ) -> None:
        super().__init__(
            None,
            data_size_limit=limits.message_size,
            enable_SMTPUTF8=True,
            hostname=hostname,
            tls_context=tls_context,
            timeout=limits.idle,
            loop=asyncio.get_running_loop(),
        )
        self.intake = intake
        self.limits = limits
        self.doorkeeper = doorkeeper
        self.disk = disk
        self.on_end = on_end
        self.client_name = ""
        self.extended = False
        self.transaction = Transaction()
        self.commands = 0
        self.errors = 0
        self.ending = False  # the server stops: no further message is begun
        self.busy = False  # a message is being received or stored
        self.admitted = False
        self.address = ""
        self.began = time.monotonic()

    def __dir__(self) -> list[str]:
        """Nothing: aiosmtpd would look for hooks among 150 names anew for each session, and has
        none of ours to find."""
        return []

    # --- The session ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.address = str((transport.get_extra_info("peername") or ("",))[0])
        if self._original_transport is None:  # not the second time, for TLS
            self.admitted = self.doorkeeper.enter(self.address)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self.admitted:
            self.admitted = False
            self.doorkeeper.leave(self.address)
        self.on_end(self)

    def end(self) -> None:
        """End the session: at once, or when the message that is on its way is answered."""
        self.ending = True
        if not self.busy and self.transport is not None:
            self._writer.write(b"421 4.3.2 Closing for maintenance; please come back\r\n")
            self.transport.close()

    @property
    def conversation(self) -> "asyncio.Task[None] | None":
        """The task that talks with the client; done when the session has ended."""
        return self._handler_coroutine

    def eof_received(self) -> bool | None:
        """A client that has said all may still read our answers: the session ends when the last
        of its commands is answered."""
        super(SMTP, self).eof_received()
        return self._tls_protocol is None

    def _timeout_cb(self) -> None:
        if self.transport is not None:
            self._writer.write(b"421 4.4.2 Waited too long; goodbye\r\n")
            self.transport.close()

    async def _handle_client(self) -> None:
        try:
            await self._converse()
        except Hangup as reply:
            await self.push(str(reply))
        except (asyncio.IncompleteReadError, ConnectionError):
            logger.debug("the client is gone")
        finally:
            self._writer.close()

    async def _converse(self) -> None:
        if not self.admitted:
            raise Hangup("421 4.7.0 Too many connections from you")
        await self.push(f"220 {self.hostname} ESMTP")
        while self.transport is not None:
            try:
                line = await self._read_command()
                self._reset_timeout()
                await self._obey(line)
            except (Hangup, asyncio.IncompleteReadError, ConnectionError):
                raise
            except Exception as error:  # noqa: BLE001 - logged there; the session goes on
                await self.push(await self.handle_exception(error))
            self._watch_limits()

    async def handle_exception(self, error: Exception) -> str:
        """Whatever it is: temporary, and our own business."""
        if isinstance(error, DatabaseAway):
            return DATABASE_AWAY
        logger.error("a session failed", exc_info=error)
        return TRY_AGAIN

    def _watch_limits(self) -> None:
        if self.ending:
            raise Hangup("421 4.3.2 Closing for maintenance; please come back")
        if self.errors >= self.limits.errors:
            raise Hangup("421 4.7.0 Too many errors")
        if self.commands >= self.limits.commands:
            raise Hangup("421 4.7.0 Too many commands")
        if time.monotonic() - self.began > self.limits.session:
            raise Hangup("421 4.7.0 This session has lasted long enough")

    async def push(self, status: str | bytes) -> None:
        """Send a reply, and count it when it is a refusal for good."""
        reply = status.encode() if isinstance(status, str) else status
        self.errors += reply[:1] == b"5"
        await super().push(reply)

    async def _read_command(self) -> bytes:
        """The next line, whole, or b"" for one that is none (answered here)."""
        discarded = 0
        while True:
            try:
                line = await self._reader.readuntil(b"\n")
                break
            except asyncio.LimitOverrunError as overrun:
                discarded += len(await self._reader.read(max(1, overrun.consumed)))
                if discarded > _DISCARDED_LINE:
                    raise Hangup("500 5.5.2 This line does not end") from None
        return line if not discarded else b"-" * (self.limits.command_line + 1)

    async def _obey(self, line: bytes) -> None:
        self.commands += 1
        if len(line) > self.limits.command_line:
            return await self.push("500 5.5.2 The line is too long")
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            return await self.push("500 5.5.2 Lines end with CR LF")
        try:
            verb, _, argument = line[:-2].decode().partition(" ")
        except UnicodeDecodeError:
            return await self.push("501 5.5.2 Only ASCII, or UTF-8 (RFC 6531)")
        return await self._answer(verb.upper(), argument.strip(" "))

    async def _answer(self, verb: str, argument: str) -> None:
        commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "EHLO": self.ehlo,
            "HELO": self.helo,
            "MAIL": self.mail,
            "RCPT": self.rcpt,
            "DATA": self.data,
            "RSET": self.rset,
            "NOOP": self.noop,
            "QUIT": self.quit,
            "VRFY": self.vrfy,
            "STARTTLS": self.starttls,
        }
        command = commands.get(verb)
        if command is None:
            known = verb in ("AUTH", "EXPN", "HELP", "TURN", "BDAT")
            reply = "502 5.5.1 Not offered here" if known else NOT_UNDERSTOOD
            return await self.push(reply)
        return await command(argument)

    # --- Greeting -------------------------------------------------------------------------

    async def ehlo(self, hostname: str) -> None:
        await self._refuse_pipelining()
        if not hostname:
            return await self.push("501 5.5.4 Say EHLO with your name")
        self._greet(hostname, extended=True)
        offers = ["PIPELINING", f"SIZE {self.limits.message_size}"]
        if self.tls_context and not self._tls_protocol:
            offers.append("STARTTLS")
        offers += ["ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8"]
        lines = [f"250-{line}" for line in (self.hostname, *offers[:-1])]
        return await self.push("\r\n".join([*lines, f"250 {offers[-1]}"]))

    async def helo(self, hostname: str) -> None:
        await self._refuse_pipelining()
        if not hostname:
            return await self.push("501 5.5.4 Say HELO with your name")
        self._greet(hostname, extended=False)
        return await self.push(f"250 {self.hostname}")

    def _greet(self, hostname: str, *, extended: bool) -> None:
        self.client_name, self.extended = hostname[:255], extended
        self.transaction = Transaction()

    async def starttls(self, argument: str) -> None:
        # RFC 3207 §6: what was sent in the clear must not be taken as sent under TLS.
        await self._refuse_pipelining()
        if argument:
            return await self.push("501 5.5.4 STARTTLS takes no argument")
        if self.tls_context is None or self._tls_protocol is not None:
            return await self.push("503 5.5.1 TLS is not offered (any more)")
        self._greet("", extended=False)  # RFC 3207 §4.2: all that was said before is forgotten
        await super().smtp_STARTTLS("")
        return None

    async def _refuse_pipelining(self) -> None:
        """RFC 2920 §3.1: these commands come last in a group. Who sends on without waiting is
        not talking to us but through us."""
        if self._reader._buffer:  # type: ignore[attr-defined]
            raise Hangup("554 5.5.0 Commands were sent too early")

    # --- A transaction --------------------------------------------------------------------

    async def mail(self, argument: str) -> None:
        if not self.client_name or self.transaction.mail_from is not None:
            return await self.push(OUT_OF_ORDER)
        found = await self._read(argument, "FROM:")
        if found is None:
            return None
        if refusal := self._refusal_of_sender(found):
            return await self.push(refusal)
        self.transaction.mail_from = found.mailbox
        self.transaction.smtp_utf8 = "SMTPUTF8" in found.parameters
        return await self.push("250 2.1.0 Sender taken")

    def _refusal_of_sender(self, found: Argument) -> str:
        parameters = found.parameters
        if unknown := parameters.keys() - {"SIZE", "BODY", "SMTPUTF8"}:
            return f"555 5.5.4 Unknown parameter {min(unknown)}"
        if parameters.get("BODY", "7BIT").upper() not in ("7BIT", "8BITMIME"):
            return "501 5.5.4 BODY is 7BIT or 8BITMIME"
        size = parameters.get("SIZE", "0")
        if not (size.isascii() and size.isdigit() and len(size) <= 20):
            return "501 5.5.4 SIZE is a number"
        if int(size) > self.limits.message_size:
            return TOO_LARGE
        if not found.mailbox.isascii() and "SMTPUTF8" not in parameters:
            return "553 5.6.7 Such an address needs SMTPUTF8"
        return "" if self.disk.has_room() else NO_ROOM

    async def rcpt(self, argument: str) -> None:
        if self.transaction.mail_from is None:
            return await self.push(OUT_OF_ORDER)
        found = await self._read(argument, "TO:")
        if found is None:
            return None
        if found.parameters:
            return await self.push("555 5.5.4 RCPT takes no parameters")
        if not found.mailbox:
            return await self.push("501 5.1.3 This is no address")
        if not found.mailbox.isascii() and not self.transaction.smtp_utf8:
            return await self.push("553 5.6.7 Such an address needs SMTPUTF8")
        if len(self.transaction.recipients) >= self.limits.recipients:
            return await self.push("452 4.5.3 Too many recipients; send again to the others")
        return await self._take_recipient(found.mailbox)

    async def _take_recipient(self, mailbox: str) -> None:
        asked = mailbox if "@" in mailbox else f"{mailbox}@{self.hostname}"
        recipient = await self.intake.find(asked)
        if recipient is None:
            return await self.push("550 5.1.1 No such mailbox")
        if not self.transaction.recipients:
            sender = self.transaction.mail_from or ""
            self.intake.expect(self.address, self.client_name, sender)
        self.transaction.recipients.append(recipient)
        return await self.push("250 2.1.5 Recipient taken")

    async def _read(self, argument: str, keyword: str) -> Argument | None:
        """Read an argument; None when it was refused."""
        try:
            return read_argument(argument, keyword)
        except BadMailbox:
            await self.push("501 5.1.3 This is no address")
        except NoPath:
            await self.push(f"501 5.5.4 The form is {keyword}<address>")
        return None

    async def data(self, argument: str) -> None:
        await self._refuse_pipelining()
        if argument:
            return await self.push("501 5.5.4 DATA takes no argument")
        if not self.transaction.recipients:
            return await self.push(OUT_OF_ORDER)
        self.busy = True
        try:
            await self.push("354 End with CR LF . CR LF")
            reply = await self._receive()
        finally:
            self.busy = False
            self.transaction = Transaction()
        return await self.push(reply)

    async def _receive(self) -> str:
        """Read the message, store it, and answer."""
        raw, refusal = await Reception(
            self._reader, self.limits, self.doorkeeper, self._reset_timeout
        ).read()
        self._reset_timeout(self.limits.answer + self.limits.idle)
        if refusal:
            return refusal
        try:
            async with asyncio.timeout(self.limits.answer):
                stored = await self.intake.accept(self._sealed(), raw)
        except MailLoops:
            return "554 5.4.6 The message has been through too many servers"
        except TimeoutError:
            return DATABASE_AWAY
        self.commands = 0
        return _taken(stored)

    def _sealed(self) -> Envelope:
        protocol = "ESMTP" if self.extended else "SMTP"
        if self.transaction.smtp_utf8:
            protocol = "UTF8SMTP"
        return Envelope(
            mail_from=self.transaction.mail_from or "",
            recipients=tuple(self.transaction.recipients),
            received_at=datetime.now(UTC),
            helo=self.client_name,
            peer=self.address,
            protocol=f"{protocol}S" if self._tls_protocol else protocol,
        )

    # --- The rest -------------------------------------------------------------------------

    async def rset(self, argument: str) -> None:
        self.transaction = Transaction()
        await self.push("250 2.0.0 Forgotten")

    async def noop(self, argument: str) -> None:
        await self.push("250 2.0.0 Still here")

    async def vrfy(self, argument: str) -> None:
        # RFC 5321 §3.5.3: who exists is told to those who bring mail, and to nobody else.
        await self.push("252 2.5.0 Send some mail and see")

    async def quit(self, argument: str) -> None:
        raise Hangup("221 2.0.0 Goodbye")


def _taken(stored: list[UUID]) -> str:
    return f"250 2.6.0 stored as {' '.join(map(str, stored[:3]))}".rstrip()
