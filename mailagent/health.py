"""Liveness and readiness, for supervisors and balancers."""

import shutil
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse


def alive(request: HttpRequest) -> JsonResponse:
    """GET /healthz: this process answers."""
    return JsonResponse({"status": "ok"})


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _valkey() -> str:
    redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2).ping()
    return "ok"


def _disk() -> str:
    free = shutil.disk_usage(settings.STATE if settings.STATE.exists() else ".").free
    return "ok" if free >= settings.MIN_FREE_DISK else f"only {free // 1_000_000} MB free"


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "valkey": _valkey, "disk": _disk}
NEEDED = {"database", "disk"}  # Valkey carries only hints: without it we are slower, not broken.


def ready(request: HttpRequest) -> JsonResponse:
    """GET /readyz: each dependency by name; 503 when one that mail needs is away."""
    found = {}
    for name, check in CHECKS.items():
        try:
            found[name] = check()
        except (Error, redis.RedisError, OSError) as error:
            found[name] = type(error).__name__
    broken = [name for name in NEEDED if found[name] != "ok"]
    body = {"status": "unavailable" if broken else "ok", "checks": found}
    return JsonResponse(body, status=503 if broken else 200)
