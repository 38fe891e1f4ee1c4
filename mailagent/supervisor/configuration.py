"""The settings that the supervisor itself reads. All others pass through to its children."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mailagent.supervisor.refusal import CannotStart

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICE_URLS = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")
DOORS = ("MAILAGENT_BIND", "MAILAGENT_WEB_PORT", "MAILAGENT_SMTP_PORT")


@dataclass(frozen=True)
class Configuration:
    """One machine's system: its folder, its doors, and the services it was given."""

    state: Path
    bind: str
    web_port: int
    smtp_port: int
    given: frozenset[str]  # of SERVICE_URLS: used as they are; none is started

    @property
    def reachable_at(self) -> str:
        """An address at which this machine reaches its own doors."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)  # noqa: S104

    def doors(self) -> list[tuple[str, int]]:
        """Each port to listen on, with the setting that changes it."""
        return [("MAILAGENT_WEB_PORT", self.web_port), ("MAILAGENT_SMTP_PORT", self.smtp_port)]


def state_folder(environ: Mapping[str, str]) -> Path:
    """MAILAGENT_STATE, counted from the checkout as the settings do."""
    return Path(os.path.abspath(ROOT / environ.get("MAILAGENT_STATE", "var")))  # noqa: PTH100


def read(environ: Mapping[str, str]) -> Configuration:
    """Raise CannotStart for a setting that makes no sense."""
    configuration = Configuration(
        state=state_folder(environ),
        bind=environ.get("MAILAGENT_BIND") or "127.0.0.1",
        web_port=_port(environ, "MAILAGENT_WEB_PORT", 8000),
        smtp_port=_port(environ, "MAILAGENT_SMTP_PORT", 2525),
        given=frozenset(
            name for name in SERVICE_URLS if environ.get(name) or environ.get(f"{name}_FILE")
        ),
    )
    ports = [port for _, port in configuration.doors()]
    if len(set(ports)) < len(ports):
        names = " and ".join(name for name, _ in configuration.doors())
        raise CannotStart(f"{names} must differ: two servers cannot share a port.")
    return configuration


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotStart(f"{name} must be a port number from 1 to 65535, not {text!r}.")
    return int(text)
