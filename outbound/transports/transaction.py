"""One mail transaction (RFC 5321 §3.3) on an open connection: what becomes of each recipient."""

import re

from outbound.transports.protocol import Job, OnPhase, Outcome, Result, same_for_all
from outbound.transports.wire import ConnectionLost, Reply, SmtpConnection, Timeouts

# These replies to MAIL speak of us, not of the recipient: ours to put right, then sent.
_ABOUT_US = frozenset({530, 534, 535, 538})
_ADDRESS = re.compile(
    r"(?:[^\s\"<>@\x00-\x1f\x7f\ud800-\udfff]+|\"(?:[^\"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*\")"
    r"@[^\s\"<>@\x00-\x1f\x7f\ud800-\udfff]+\Z"
)


def refusal_before_sending(job: Job) -> list[Result]:
    """Results for what may not go on any wire; empty when the job is fit to be sent."""
    crlf = job.raw.count(b"\r\n")
    if job.raw.count(b"\r") != crlf or job.raw.count(b"\n") != crlf:
        return same_for_all(job, "failed", 550, "5.6.11 not sent: bare CR or LF in the message")
    if job.mail_from and not _ADDRESS.match(job.mail_from):
        return same_for_all(job, "failed", 553, "5.1.7 not sent: the sender is no address")
    return []


def transact(
    connection: SmtpConnection, job: Job, *, on_phase: OnPhase, timeouts: Timeouts
) -> list[Result]:
    """Send `job` and say what became of each recipient. Never raises ConnectionLost.

    What `on_phase` raises comes out, the connection closed without a dot.
    """
    transaction = _Transaction(connection, job, timeouts)
    try:
        transaction.announce()
        if transaction.accepted:
            on_phase("data")
            transaction.send_octets()
        if transaction.accepted:
            on_phase("committing")
            transaction.commit()
    except ConnectionLost as lost:
        transaction.settle(transaction.outcome_if_lost, lost.reply_code, str(lost))
        transaction.is_broken = True
    except BaseException:
        connection.close()
        raise
    if transaction.is_broken:
        connection.close()
    return [transaction.results[each] for each in job.rcpt_tos]


class _Transaction:
    """Who accepted so far, and what is settled."""

    def __init__(self, connection: SmtpConnection, job: Job, timeouts: Timeouts) -> None:
        self.connection = connection
        self.job = job
        self.timeouts = timeouts
        self.accepted: list[str] = []
        self.results: dict[str, Result] = {}
        self.outcome_if_lost: Outcome = "deferred"
        self.is_broken = False

    def settle(self, outcome: Outcome, code: int, text: str) -> None:
        """Give everybody who has no result yet this one."""
        for rcpt_to in self.job.rcpt_tos:
            self.results.setdefault(
                rcpt_to, Result(rcpt_to, outcome, code, text, self.connection.host)
            )
        self.accepted = []

    def settle_by(self, reply: Reply) -> None:
        self.settle(_outcome(reply.code), reply.code, reply.text)
        self.is_broken = self.is_broken or reply.code == 421

    def announce(self) -> None:
        """MAIL and RCPT. Afterwards `accepted` holds those whom the server takes."""
        options = self._options()
        if options is None:
            return
        reply = self.connection.command(f"MAIL FROM:<{self.job.mail_from}>{options}")
        if reply.code in _ABOUT_US:
            self.settle("deferred", reply.code, reply.text)
        elif not 200 <= reply.code <= 299:
            self.settle_by(reply)
        else:
            self._announce_recipients()

    def _announce_recipients(self) -> None:
        for rcpt_to in self.job.rcpt_tos:
            if not _ADDRESS.match(rcpt_to):
                self._refused(rcpt_to, Reply(553, "5.1.3 not sent: this is no address"))
                continue
            reply = self.connection.command(f"RCPT TO:<{rcpt_to}>")
            if reply.code == 421:
                self.settle_by(reply)
                return
            if 200 <= reply.code <= 299:
                self.accepted.append(rcpt_to)
            else:
                self._refused(rcpt_to, reply)

    def _refused(self, rcpt_to: str, reply: Reply) -> None:
        outcome = _outcome(reply.code)
        host = self.connection.host
        self.results[rcpt_to] = Result(rcpt_to, outcome, reply.code, reply.text, host)

    def _options(self) -> str | None:
        """Parameters of MAIL, or None when the server cannot take such a message: settled then."""
        offered, raw = self.connection.extensions, self.job.raw
        options = ""
        if "SIZE" in offered:
            limit = int(offered["SIZE"]) if offered["SIZE"].isdecimal() else 0
            if 0 < limit < len(raw):
                sentence = f"5.3.4 not sent: {len(raw)} octets, the server takes {limit}"
                self.settle("failed", 552, sentence)
                return None
            options += f" SIZE={len(raw)}"
        if self._needs_utf8():
            if "SMTPUTF8" not in offered:
                self.settle("failed", 553, "5.6.7 not sent: the server has no SMTPUTF8")
                return None
            options += " SMTPUTF8"
        if "8BITMIME" in offered and not raw.isascii():
            options += " BODY=8BITMIME"
        return options

    def _needs_utf8(self) -> bool:
        envelope = (self.job.mail_from, *self.job.rcpt_tos)
        head = self.job.raw.partition(b"\r\n\r\n")[0]
        return not (head.isascii() and all(each.isascii() for each in envelope))

    def send_octets(self) -> None:
        """DATA and the octets, without the dot."""
        reply = self.connection.command("DATA")
        if reply.code != 354:
            self.settle_by(reply)
            return
        octets = _stuffed(self.job.raw)
        try:
            for start in range(0, len(octets), 1 << 20):
                self.connection.send(octets[start : start + (1 << 20)], self.timeouts.data)
            early = self.connection.early_reply()
        except ConnectionLost:
            early = self._last_words()
        if early:
            self.settle_by(early)
            self.is_broken = True  # It counts what follows as commands.

    def _last_words(self) -> Reply:
        """Why the server hung up, when it said so. Raises ConnectionLost."""
        reply = self.connection.early_reply()
        if reply is None:
            raise ConnectionLost("connection lost while sending the message")
        return reply

    def commit(self) -> None:
        """The dot. From here on only the server's word settles anything."""
        self.outcome_if_lost = "uncertain"
        self.connection.send(b".\r\n", self.timeouts.command)
        reply = self.connection.final_reply()
        if reply.code < 200 or 300 <= reply.code <= 399:
            raise ConnectionLost(f"the server's reply means nothing here: {reply.code}")
        self.settle_by(reply)


def _stuffed(raw: bytes) -> bytes:
    """The octets with dots doubled, and ending in CRLF (RFC 5321 §4.5.2)."""
    octets = raw.replace(b"\r\n.", b"\r\n..")
    if octets.startswith(b"."):
        octets = b"." + octets
    return octets if octets.endswith(b"\r\n") else octets + b"\r\n"


def _outcome(code: int) -> Outcome:
    if 200 <= code <= 299:
        return "sent"
    return "failed" if 500 <= code <= 599 else "deferred"
