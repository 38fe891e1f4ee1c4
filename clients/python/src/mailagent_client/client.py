"""The two clients: the same methods, run at once or awaited."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Generic, Self

import httpx

from mailagent_client.calls import TransportT
from mailagent_client.groups.mail import Drafts, Messages, Threads
from mailagent_client.groups.places import Domains, Inboxes, Lists, Workspaces
from mailagent_client.groups.telling import (
    Account,
    Contacts,
    Events,
    Keys,
    Suppressions,
    Webhooks,
)
from mailagent_client.listening import Listening, listen, listen_async
from mailagent_client.results import Event
from mailagent_client.transport import AsyncTransport, Settings, SyncTransport

LOCAL = "http://127.0.0.1:8000"


class Groups(Generic[TransportT]):
    """What a client has."""

    def __init__(self, transport: TransportT) -> None:
        self.account = Account(transport)
        self.contacts = Contacts(transport)
        self.domains = Domains(transport)
        self.drafts = Drafts(transport)
        self.events = Events(transport)
        self.inboxes = Inboxes(transport)
        self.keys = Keys(transport)
        self.lists = Lists(transport)
        self.messages = Messages(transport)
        self.suppressions = Suppressions(transport)
        self.threads = Threads(transport)
        self.webhooks = Webhooks(transport)
        self.workspaces = Workspaces(transport)


class MailAgent(Groups[SyncTransport]):
    """The API for programs that wait for each answer. Also a context manager."""

    def __init__(
        self,
        api_key: str,
        base_url: str = LOCAL,
        *,
        timeout: float = 30.0,
        retries: int = 4,
        http: httpx.Client | None = None,
    ) -> None:
        """`http`: a client of your own with base URL (ending in `/v1/`) and headers set."""
        self.settings = Settings(api_key, base_url, timeout, retries)
        self._transport = SyncTransport(self.settings, http)
        super().__init__(self._transport)

    def listen(
        self,
        *,
        event_types: Sequence[str] = (),
        inbox_ids: Sequence[str] = (),
        workspace_ids: Sequence[str] = (),
        include_spam: bool = False,
        include_machines: bool = False,
        after: str | None = None,
        patience: int | None = None,
    ) -> Iterator[Event]:
        """Events over the WebSocket, each once, in order; lost connections are made again.

        Empty means: all that the key reaches. `after` is the `cursor` of the last event you had.
        `include_spam`: with what went to Junk. `include_machines`: with opens and clicks that look
        like a proxy's or a scanner's.
        `patience` is how many failed connections in a row are too many; None: go on for ever.
        Raises Unauthenticated once the key is not welcome, CursorExpired for one too old.
        """
        return listen(
            Listening(
                self.settings,
                event_types=event_types,
                inbox_ids=inbox_ids,
                workspace_ids=workspace_ids,
                include_spam=include_spam,
                include_machines=include_machines,
                after=after,
                patience=patience,
            )
        )

    def close(self) -> None:
        self._transport.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncMailAgent(Groups[AsyncTransport]):
    """The API for asyncio. Also an async context manager."""

    def __init__(
        self,
        api_key: str,
        base_url: str = LOCAL,
        *,
        timeout: float = 30.0,
        retries: int = 4,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """`http`: a client of your own with base URL (ending in `/v1/`) and headers set."""
        self.settings = Settings(api_key, base_url, timeout, retries)
        self._transport = AsyncTransport(self.settings, http)
        super().__init__(self._transport)

    def listen(
        self,
        *,
        event_types: Sequence[str] = (),
        inbox_ids: Sequence[str] = (),
        workspace_ids: Sequence[str] = (),
        include_spam: bool = False,
        include_machines: bool = False,
        after: str | None = None,
        patience: int | None = None,
    ) -> AsyncIterator[Event]:
        """As `MailAgent.listen`, for `async for`."""
        return listen_async(
            Listening(
                self.settings,
                event_types=event_types,
                inbox_ids=inbox_ids,
                workspace_ids=workspace_ids,
                include_spam=include_spam,
                include_machines=include_machines,
                after=after,
                patience=patience,
            )
        )

    async def close(self) -> None:
        await self._transport.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
