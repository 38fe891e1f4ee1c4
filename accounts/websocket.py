"""Who opens a WebSocket: known before the upgrade, and asked for again while it is open."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import Error
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.authentication import note_use
from accounts.keys import find
from accounts.models import ApiKey, User
from accounts.scope import Scope
from events.off_loop import off_loop

AWAY = "The database is away; please try again."
AsgiScope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class KeyRequired:
    """Lets in whoever presents a live key with `read`; others get 401 or 403, and no upgrade."""

    def __init__(self, inner: Application) -> None:
        self._inner = inner

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        presented = presented_key(scope)
        try:
            key = await off_loop(lambda: _found(presented))
        except Error:
            return await refuse(scope, send, 503, "UNAVAILABLE", AWAY)
        if key is None:
            sentence = "This API key is missing, unknown, revoked or expired."
            return await refuse(scope, send, 401, "UNAUTHENTICATED", sentence)
        reach = Scope.of_key(key)
        if not reach.may("read"):
            sentence = "This key does not have the permission `read`."
            return await refuse(scope, send, 403, "PERMISSION_DENIED", sentence)
        caller = {"reach": reach, "known_as": str(key.pk), "fresh": live_keys}
        return await self._inner({**scope, **caller}, receive, send)


class SessionRequired:
    """Lets in whoever is signed in; others get 401, and no upgrade."""

    def __init__(self, inner: Application) -> None:
        self._inner = inner

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        session = _session_key(scope)
        try:
            reach = (await off_loop(lambda: live_sessions({session}))).get(session)
        except Error:
            return await refuse(scope, send, 503, "UNAVAILABLE", AWAY)
        if reach is None:
            return await refuse(scope, send, 401, "UNAUTHENTICATED", "Please sign in.")
        caller = {"reach": reach, "known_as": session, "fresh": live_sessions}
        return await self._inner({**scope, **caller}, receive, send)


def presented_key(scope: AsgiScope) -> str:
    """The key of `X-API-Key`, else of `Authorization: Bearer`, else of `?api_key=`; or ""."""
    headers: dict[bytes, str] = {
        name: value.decode("latin-1").strip() for name, value in scope["headers"]
    }
    if key := headers.get(b"x-api-key"):
        return key
    scheme, _, credentials = headers.get(b"authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    query: dict[str, list[str]] = parse_qs(scope["query_string"].decode("ascii", "replace"))
    return query.get("api_key", [""])[0]


def live_keys(ids: Collection[str]) -> dict[str, Scope]:
    """What each of these keys reaches now; the revoked and the expired are left out."""
    unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    keys = ApiKey.objects.filter(unexpired, pk__in=[UUID(one) for one in ids], revoked_at=None)
    return {str(key.pk): Scope.of_key(key) for key in keys if "read" in key.permissions}


def live_sessions(keys: Collection[str]) -> dict[str, Scope]:
    """What each of these sessions' people reach now; sessions that have ended are left out."""
    now = timezone.now()
    sessions = Session.objects.filter(session_key__in=keys, expire_date__gt=now)
    contents = {session.session_key: session.get_decoded() for session in sessions}
    people = User.objects.filter(
        pk__in=[
            signed_in[SESSION_KEY] for signed_in in contents.values() if SESSION_KEY in signed_in
        ],
        is_active=True,
    ).prefetch_related("memberships")
    by_id = {str(user.pk): user for user in people}
    reach = {
        key: Scope.of_user(user)
        for key, signed_in in contents.items()
        if (user := by_id.get(signed_in.get(SESSION_KEY, ""))) and _is_of(user, signed_in)
    }
    return {key: scope for key, scope in reach.items() if scope.may("read")}


def _is_of(user: User, signed_in: Mapping[str, Any]) -> bool:
    """As django.contrib.auth.get_user: a changed password ends every session."""
    known_backend = signed_in.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    presented = signed_in.get(HASH_SESSION_KEY, "")
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return known_backend and any(constant_time_compare(presented, one) for one in hashes)


async def refuse(scope: AsgiScope, send: Send, status: int, code: str, sentence: str) -> None:
    """An HTTP answer in place of the upgrade; a server that cannot answers 403 without a body."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    body = json.dumps({"error": sentence, "code": code, "details": {}}).encode()
    headers = [(b"content-type", b"application/json")]
    if status == 401:  # RFC 9110 §11.6.1
        headers.append((b"www-authenticate", b'Bearer realm="mailagent"'))
    start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": body})


def _found(presented: str) -> ApiKey | None:
    key = find(presented)
    if key is not None:
        note_use(key)
    return key


def _session_key(scope: AsgiScope) -> str:
    cookies: SimpleCookie = SimpleCookie()
    for name, value in scope["headers"]:
        if name == b"cookie":
            cookies.load(value.decode("latin-1"))
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else ""
