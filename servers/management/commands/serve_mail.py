"""manage.py serve_mail: the process in which mail comes in."""

import asyncio
import logging
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from servers.durability import broken_promises
from servers.limits import Disk, Limits
from servers.listener import InboundListener, make_tls_context

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Take mail by SMTP until SIGTERM or SIGINT; then finish what is on its way in."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            broken = broken_promises()
        except Error as error:
            raise CommandError(f"The database does not answer: {type(error).__name__}.") from error
        finally:
            connection.close()
        if broken:
            raise CommandError(" ".join(broken))
        asyncio.run(_serve())


async def _serve() -> None:
    listener = InboundListener(
        settings.BIND,
        settings.SMTP_PORT,
        hostname=settings.HOSTNAME,
        limits=Limits(message_size=settings.MESSAGE_SIZE_LIMIT),
        disk=Disk(settings.STATE, settings.MIN_FREE_DISK),
        tls_context=make_tls_context(settings.TLS_CERTIFICATE, settings.TLS_KEY),
    )
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        await listener.start()
    except OSError as error:
        raise CommandError(
            f"Port {settings.SMTP_PORT} on {settings.BIND} cannot be had: {error.strerror}."
        ) from error
    logger.info("smtp: listening on %s port %d", settings.BIND, listener.port)
    await stopping.wait()
    await listener.stop()
    logger.info("smtp: stopped")
