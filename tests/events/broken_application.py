"""An application that fails before it answers anything, for tests of the web process."""

from typing import Any

import mailagent.asgi  # noqa: F401 - sets Django up


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    raise RuntimeError("secret")
