from collections.abc import Callable, Iterator

import pytest

from outbound import attempts, stopping
from outbound.transports.protocol import Phase
from tests.dns_server import DnsServer
from tests.outbound.scripted_smtp import Script, ScriptedServer, ServerMaker


@pytest.fixture
def server() -> Iterator[ServerMaker]:
    """Makes servers from scripts."""
    made = []

    def make(
        script: Script | None = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> ScriptedServer:
        made.append(ScriptedServer(script or Script(), host=host, port=port))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def zone() -> Iterator[Callable[[dict[tuple[str, str], list[str] | str]], DnsServer]]:
    """Makes DNS servers from records."""
    made = []

    def make(records: dict[tuple[str, str], list[str] | str]) -> DnsServer:
        made.append(DnsServer(records))
        return made[-1]

    yield make
    for each in made:
        each.close()


class Phases(list[Phase]):
    """Notes the phases in order; raises at `stop_at`."""

    stop_at: Phase | None = None

    def __call__(self, phase: Phase) -> None:
        self.append(phase)
        if phase == self.stop_at:
            raise LeaseLost


class LeaseLost(Exception):
    """Another worker has the delivery now."""


@pytest.fixture
def phases() -> Phases:
    return Phases()


@pytest.fixture
def way_out(settings) -> Iterator[Callable[[ScriptedServer], None]]:
    """Makes a server the smarthost of this installation."""

    def use(server: ScriptedServer) -> None:
        settings.TRANSPORT = f"smtp://127.0.0.1:{server.port}?tls=never"
        attempts.transport.cache_clear()

    yield use
    attempts.transport.cache_clear()


@pytest.fixture
def stopped() -> Iterator[None]:
    """This worker has been asked to stop."""
    stopping.ask()
    yield
    stopping.forget()
