"""The database and the broker of a test run, for looking in and for processes that it starts."""

from urllib.parse import quote

from django.conf import settings
from django.db import connection
from redis import Redis


def database_url() -> str:
    """The database of this process as a URL, by TCP or by the folder of a unix socket."""
    at = connection.settings_dict
    user = at["USER"] + (f":{quote(at['PASSWORD'], safe='')}" if at["PASSWORD"] else "")
    host = at["HOST"] or at["OPTIONS"].get("host", "")
    if host.startswith("/"):
        return f"postgres://{user}@/{at['NAME']}?host={quote(host, safe='')}"
    port = f":{at['PORT']}" if at["PORT"] else ""
    return f"postgres://{user}@{host}{port}/{at['NAME']}"


def broker() -> Redis:
    """A client of Celery's broker, whose URL names a socket in Celery's way."""
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://")
    return Redis.from_url(url.replace("virtual_host=", "db="))
