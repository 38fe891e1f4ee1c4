"""manage.py serve_mail: the process in which mail comes in."""

import asyncio
import logging
import signal
import socket
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from servers.durability import broken_promises
from servers.limits import Disk, Limits
from servers.listener import InboundListener, listen, make_tls_context
from servers.processes import run_in

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    # The others look at every page, and would leave them all in memory.
    requires_system_checks = ("mailagent",)
    help = "Take mail by SMTP until SIGTERM or SIGINT; then finish what is on its way in."

    def handle(self, *args: Any, **options: Any) -> None:
        _check_database()
        try:
            listening = listen(settings.BIND, settings.SMTP_PORT)
        except OSError as error:
            raise CommandError(
                f"Port {settings.SMTP_PORT} on {settings.BIND} cannot be had: {error.strerror}."
            ) from error
        run_in(settings.MAIL_PROCESSES, lambda alone: asyncio.run(_serve(listening, alone)))


def _check_database() -> None:
    """Refuse to take mail that could be lost after its 250."""
    try:
        broken = broken_promises()
    except Error as error:
        raise CommandError(f"The database does not answer: {type(error).__name__}.") from error
    finally:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined] # its threads would not survive a fork
    if broken:
        raise CommandError(" ".join(broken))


async def _serve(listening: socket.socket, alone: int | None) -> None:
    """Take mail until told to stop, or until `alone` says that the parent is gone."""
    listener = InboundListener(
        listening,
        hostname=settings.HOSTNAME,
        limits=Limits(message_size=settings.MESSAGE_SIZE_LIMIT),
        disk=Disk(settings.STATE, settings.MIN_FREE_DISK),
        tls_context=make_tls_context(settings.TLS_CERTIFICATE, settings.TLS_KEY),
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if alone is not None:
        loop.add_reader(alone, stopping.set)
    await listener.start()
    host, port, *_ = listening.getsockname()
    logger.info("smtp: listening on %s port %d", host, port)
    await stopping.wait()
    if alone is not None:
        loop.remove_reader(alone)
    await listener.stop()
    logger.info("smtp: stopped")
