"""Where a test run keeps its data, for the processes that it starts."""

from urllib.parse import quote

from django.db import connection


def database_url() -> str:
    """The database of this process as a URL, by TCP or by the folder of a unix socket."""
    at = connection.settings_dict
    user = at["USER"] + (f":{quote(at['PASSWORD'], safe='')}" if at["PASSWORD"] else "")
    host = at["HOST"] or at["OPTIONS"].get("host", "")
    if host.startswith("/"):
        return f"postgres://{user}@/{at['NAME']}?host={quote(host, safe='')}"
    port = f":{at['PORT']}" if at["PORT"] else ""
    return f"postgres://{user}@{host}{port}/{at['NAME']}"
