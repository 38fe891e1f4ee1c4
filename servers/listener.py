"""The listening socket of the MX port: opens sessions, and ends them without losing a message."""

import asyncio
import logging
import ssl
from pathlib import Path

from servers.inbound import Intake
from servers.limits import Disk, Doorkeeper, Limits
from servers.smtp import InboundSMTP

logger = logging.getLogger(__name__)

GRACE = 30.0  # seconds for messages that are on their way in


class InboundListener:
    """Takes mail on one port. `start`, then `stop`, both on the loop that runs meanwhile."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        hostname: str,
        limits: Limits,
        disk: Disk,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.hostname = hostname
        self.limits = limits
        self.disk = disk
        self.tls_context = tls_context
        self.doorkeeper = Doorkeeper(limits)
        self.sessions: set[InboundSMTP] = set()

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken. `port` 0 takes a free one."""
        self.intake = Intake()
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(
            self._open_session, self.host, self.port, backlog=512, reuse_address=True
        )
        self.port = self.server.sockets[0].getsockname()[1]

    def _open_session(self) -> InboundSMTP:
        self.sessions = {session for session in self.sessions if session.transport is not None}
        session = InboundSMTP(
            self.intake,
            hostname=self.hostname,
            limits=self.limits,
            doorkeeper=self.doorkeeper,
            disk=self.disk,
            tls_context=self.tls_context,
        )
        self.sessions.add(session)
        return session

    async def stop(self, grace: float = GRACE) -> None:
        """Take no more connections; end idle sessions now, the others when their message is in,
        at the latest after `grace` seconds."""
        self.server.close()
        for session in self.sessions:
            session.end()
        conversations = [c for s in self.sessions if (c := s.conversation) is not None]
        if conversations:
            _, unfinished = await asyncio.wait(conversations, timeout=grace)
            if unfinished:
                logger.warning("%d sessions were not done when the time was up", len(unfinished))
                for conversation in unfinished:
                    conversation.cancel()
                await asyncio.wait(unfinished)
        await self.intake.close()


def make_tls_context(certificate: str, key: str) -> ssl.SSLContext | None:
    """For STARTTLS; None when no certificate is set. Raises OSError or ssl.SSLError."""
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(certificate), Path(key) if key else None)
    return context
