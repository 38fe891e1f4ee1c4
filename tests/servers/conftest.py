"""The mail port for tests over a socket."""

from collections.abc import Iterator

import pytest

from tests.servers.running import Running, Wire, running


@pytest.fixture
def server(transactional_db, inbox) -> Iterator[Running]:
    """A listener that takes mail for support@acme.example."""
    with running() as listening:
        yield listening


@pytest.fixture
def smtp(server):
    with server.client() as client:
        yield client


@pytest.fixture
def wire(server) -> Iterator[Wire]:
    client = Wire(server.port)
    yield client
    client.close()
