"""Doing a thing once, however often it is asked for.

The work, the claim on its name and the first answer are one transaction: after a crash there is
all of it or nothing. An advisory lock, which ends with the transaction or with the connection of
a process that died, tells who asks while the first is still at it.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey, IdempotentCall
from events.errors import Conflict, Invalid
from events.secrecy import decrypt, encrypt
from events.wire import VISIBLE

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
REMEMBERED = timedelta(hours=24)
_KEPT_HEADERS = ("ETag", "Location", "Content-Type")
_NAME = re.compile(VISIBLE)

Work = Callable[[], HttpResponseBase]


class IdempotencyMismatch(Conflict):
    code = "IDEMPOTENCY_MISMATCH"


class IdempotencyInFlight(Conflict):
    code = "IDEMPOTENCY_IN_FLIGHT"


def presented_name(request: Request) -> str | None:
    """What `Idempotency-Key` says; None where it is not given. Raises Invalid."""
    name: str | None = request.headers.get(HEADER)
    if name is not None and not _NAME.fullmatch(name):
        raise Invalid.field(HEADER, "Must have 1 to 256 visible characters of ASCII.")
    return name


def once_per_key(key: ApiKey, name: str, request: Request, work: Work) -> HttpResponse:
    """What `work` answered when this key first asked under that name; remembered for 24 hours.

    What is refused or fails is not remembered: asked again, it is tried again. Raises
    IdempotencyMismatch, IdempotencyInFlight, and what `work` raises.
    """
    return _once(f"key:{key.pk}", name, request, work, lasts=REMEMBERED)


def once_for_good(
    scope: str, name: str, request: Request, work: Work, *, shown_to: ApiKey | None = None
) -> HttpResponse:
    """As `once_per_key`, for all who share `scope` ("inbox:<id>"), and never forgotten.

    An answer with a secret is repeated to the key `shown_to` alone: it may give more than another
    key has. To that one it is IdempotencyMismatch.
    """
    return _once(scope, name, request, work, lasts=None, shown_to=shown_to)


def _once(
    scope: str,
    name: str,
    request: Request,
    work: Work,
    *,
    lasts: timedelta | None,
    shown_to: ApiKey | None = None,
) -> HttpResponse:
    digest = digest_of(request, shown_to.actor if shown_to else "")
    with transaction.atomic():
        _claim(scope, name)
        now = timezone.now()
        calls = IdempotentCall.objects.filter(scope=scope, name=name)
        if kept := calls.filter(Q(expires_at=None) | Q(expires_at__gt=now)).first():
            return _replayed(kept, digest)
        calls.delete()
        answer = work()
        response = _frozen(answer)
        if response.status_code < 400:
            IdempotentCall.objects.create(
                scope=scope,
                name=name,
                digest=digest,
                status=response.status_code,
                headers={k: v for k, v in response.items() if k in _KEPT_HEADERS},
                body=encrypt(response.content),
                expires_at=now + lasts if lasts else None,
            )
    return response


def _claim(scope: str, name: str) -> None:
    """Hold the name until the transaction ends. Raises IdempotencyInFlight, without waiting."""
    octets = hashlib.sha256(f"idempotency {scope} {name}".encode()).digest()
    with connection.cursor() as cursor:
        number = int.from_bytes(octets[:8], signed=True)
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        (is_free,) = cursor.fetchone() or (False,)
    if not is_free:
        raise IdempotencyInFlight("The first request of this name is still being answered.")


def _replayed(kept: IdempotentCall, digest: bytes) -> HttpResponse:
    if bytes(kept.digest) != digest:
        raise IdempotencyMismatch("Another request was made under this name before.")
    response = HttpResponse(decrypt(bytes(kept.body)), status=kept.status, headers=kept.headers)
    response[REPLAYED] = "true"
    return response


def _frozen(answer: HttpResponseBase) -> HttpResponse:
    """The answer as octets, so that a repeat is told the same to the letter."""
    if not isinstance(answer, Response):
        if not isinstance(answer, HttpResponse):
            raise TypeError("A streamed answer cannot be kept.")
        return answer
    octets = JSONRenderer().render(answer.data)
    headers = {**answer.headers, "Content-Type": "application/json"}
    return HttpResponse(octets, status=answer.status_code, headers=headers)


def digest_of(request: Request, asker: str = "") -> bytes:
    """What makes two requests the same: method, path, query, precondition, body, and the asker
    where that counts.

    JSON is compared as a value, a form by its fields and files: neither white space nor boundary
    counts. Raises what reading the body raises.
    """
    parts = [
        str(request.method),
        request.get_full_path(),
        request.headers.get("If-Match", ""),
        _comparable(request.data),
        *([asker] if asker else []),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


def _comparable(content: Any) -> Any:
    if not isinstance(content, QueryDict):
        return content
    return [[name, [_octets_of(each) for each in values]] for name, values in content.lists()]


def _octets_of(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return [value.name, value.content_type, digest.hexdigest()]
