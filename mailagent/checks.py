"""System checks: a wrong setting is a sentence at start, not a surprise at night."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from outbound.transports.choose import transport_for

OURS = "mailagent"  # the tag of what an operator's settings can get wrong


@register(OURS)
def check_secret_key(**kwargs: Any) -> list[CheckMessage]:
    if settings.SECRET_KEY.startswith("not-a-secret"):
        return [
            Error(
                "No secret key.",
                hint="Set MAILAGENT_SECRET_KEY (or MAILAGENT_SECRET_KEY_FILE), or start with "
                "`manage.py up`, which makes one in the state folder.",
                id="mailagent.E001",
            )
        ]
    return []


@register(OURS)
def check_transport(**kwargs: Any) -> list[CheckMessage]:
    try:
        transport_for(settings.TRANSPORT, dns=settings.DNS, hostname=settings.HOSTNAME)
    except ValueError as error:
        return [Error(f"MAILAGENT_TRANSPORT: {error}", id="mailagent.E002")]
    return []


@register(OURS)
def check_certificate(**kwargs: Any) -> list[CheckMessage]:
    given = {
        "MAILAGENT_TLS_CERTIFICATE": settings.TLS_CERTIFICATE,
        "MAILAGENT_TLS_KEY": settings.TLS_KEY,
    }
    faults: list[CheckMessage] = [
        Error(f"{name}: there is no readable file at {path}.", id="mailagent.E003")
        for name, path in given.items()
        if path and not Path(path).is_file()
    ]
    if len([path for path in given.values() if path]) == 1:
        faults.append(
            Error(f"{' and '.join(given)} go together: set both or none.", id="mailagent.E004")
        )
    return faults


@register(OURS, deploy=True)
def check_hostname(**kwargs: Any) -> list[CheckMessage]:
    if "." not in settings.HOSTNAME:
        return [
            Warning(
                "MAILAGENT_HOSTNAME is no full host name; other servers will distrust our mail.",
                id="mailagent.W001",
            )
        ]
    return []
