"""The listening socket of the MX port: opens sessions, and ends them without losing a message."""

import asyncio
import logging
import socket
import ssl
from pathlib import Path

from inboxes.examining import Examiner
from inboxes.examining import examiner as the_examiner
from servers.inbound import Intake
from servers.limits import Disk, Doorkeeper, Limits
from servers.smtp import InboundSMTP

logger = logging.getLogger(__name__)

BACKLOG = 512
GRACE = 30.0  # seconds for messages that are on their way in


class InboundListener:
    """Takes mail on one socket. `start`, then `stop`, both on the loop that runs meanwhile."""

    def __init__(
        self,
        listening: socket.socket,
        *,
        hostname: str,
        limits: Limits,
        disk: Disk,
        tls_context: ssl.SSLContext | None = None,
        examiner: Examiner | None = None,
    ) -> None:
        self.listening = listening
        self.hostname = hostname
        self.limits = limits
        self.disk = disk
        self.tls_context = tls_context
        self.examiner = examiner or the_examiner()
        self.doorkeeper = Doorkeeper(limits)
        self.sessions: set[InboundSMTP] = set()

    async def start(self) -> None:
        self.intake = Intake(self.examiner)
        self.server = await asyncio.get_running_loop().create_server(
            self._open_session, sock=self.listening, backlog=BACKLOG
        )

    def _open_session(self) -> InboundSMTP:
        session = InboundSMTP(
            self.intake,
            hostname=self.hostname,
            limits=self.limits,
            doorkeeper=self.doorkeeper,
            disk=self.disk,
            tls_context=self.tls_context,
            on_end=self.sessions.discard,
        )
        self.sessions.add(session)
        return session

    async def stop(self, grace: float = GRACE) -> None:
        """Take no more connections; end idle sessions now, the others when their message is in,
        at the latest after `grace` seconds."""
        self.server.close()
        sessions = list(self.sessions)
        for session in sessions:
            session.end()
        conversations = [c for s in sessions if (c := s.conversation) is not None]
        if conversations:
            _, unfinished = await asyncio.wait(conversations, timeout=grace)
            if unfinished:
                logger.warning("%d sessions were not done when the time was up", len(unfinished))
                for conversation in unfinished:
                    conversation.cancel()
                await asyncio.wait(unfinished)
        await self.intake.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def make_tls_context(certificate: str, key: str) -> ssl.SSLContext | None:
    """For STARTTLS; None when no certificate is set. Raises OSError or ssl.SSLError."""
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(certificate), Path(key) if key else None)
    return context
