"""What every view of the agents' API shares."""

from functools import partial
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import rate_limits
from accounts.authentication import note_use
from accounts.idempotency import Work, once_for_good, once_per_key, presented_name
from accounts.scope import Deed, Scope
from events.errors import Invalid, TooLarge
from events.wire import CLIENT_ID, NoBody


class ApiRequest(Request):
    """A request whose key has been found: for annotations only, no view makes one."""

    auth: Scope


class ApiView(APIView):
    """A view under /v1/. `deeds` names the permission that each method needs (None: any key)."""

    deeds: ClassVar[dict[str, Deed | None]] = {}
    # Without OPTIONS: browsers of other origins are not served, and nothing else asks.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    usage: rate_limits.Usage | None = None

    def perform_authentication(self, request: Request) -> None:
        """Find the key and count the call, also one that is refused afterwards.

        Raises AuthenticationFailed, RateLimited.
        """
        super().perform_authentication(request)
        if isinstance(request.auth, Scope) and request.auth.key is not None:
            self.usage = rate_limits.count(request.auth.key)
            if self.usage is not None and self.usage.is_over:
                raise rate_limits.RateLimited(self.usage)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse by key and permission, then by size: before a body is read."""
        super().initial(request, *args, **kwargs)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            raise TooLarge(f"A request body has at most {limit} octets.", limit=limit)
        if request.method == "POST":
            self._do_once(request)

    def _do_once(self, request: Request) -> None:
        """With `Idempotency-Key`, a repeat gets the first answer. The dispatcher asks for the
        handler only after `initial`: it is given this one."""
        name = presented_name(request)
        handler = getattr(self, "post", None)
        if name is None or handler is None or not isinstance(request.auth, Scope):
            return
        key = request.auth.key
        assert key is not None  # noqa: S101 - only keys get here, HasPermission has seen to it

        def answer_once(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            return once_per_key(key, name, request, partial(handler, request, *args, **kwargs))

        vars(self)["post"] = answer_once

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        final.headers.setdefault("Cache-Control", "no-store")
        if self.usage is not None:
            for name, value in self.usage.headers().items():
                final[name] = value
        scope = getattr(request, "auth", None)
        if isinstance(scope, Scope) and scope.key is not None:
            key = scope.key
            # Runs in HttpResponse.close: when the answer has left.
            final._resource_closers.append(lambda: note_use(key))  # type: ignore[attr-defined]
        return final


class OwnType(DefaultContentNegotiation):
    """For answers in a type of their own, such as `message/rfc822`: they are that, whatever is
    asked for (RFC 9110 §12.5.1), and refusals are JSON."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


def asked(request: Request, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The query parameters, as `kind` declares them. Raises ValidationError or Invalid, also for
    a parameter that stands twice: which of the two was meant?"""
    for name, values in request.query_params.lists():
        if len(values) > 1:
            raise Invalid.field(name, "Stands more than once.")
    return given(request.query_params.dict(), kind, is_text=True)


def given(
    content: Any,
    kind: type[serializers.Serializer[Any]],
    *,
    partial: bool = False,
    is_text: bool = False,
) -> dict[str, Any]:
    """A body, as `kind` declares it; `is_text`: one that has no types, such as a form. Raises
    ValidationError."""
    serializer = kind(data=content, partial=partial, context={"is_text": is_text})
    serializer.is_valid(raise_exception=True)
    validated: dict[str, Any] = serializer.validated_data
    return validated


def nothing_asked(request: Request) -> None:
    """Raise ValidationError for a body that says anything, where nothing can be said."""
    given(request.data, NoBody)


def once_named(
    request: ApiRequest,
    scope: str,
    body: dict[str, Any],
    work: Work,
    *,
    shows_secret: bool = False,
) -> HttpResponseBase:
    """What `work` answers; where `body` has a `clientId`, once for good among all that `scope`
    names ("keys:<inbox>"). Takes that field out of `body`. Raises what `once_for_good` raises."""
    name = body.pop(CLIENT_ID, None)
    if name is None:
        return work()
    shown_to = request.auth.key if shows_secret else None
    return once_for_good(scope, name, request, work, shown_to=shown_to)


class HeaderScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document tells of keys: two headers, one of which is enough."""

    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = ["ApiKey", "Bearer"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{each: []} for each in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Key",
                "description": "A key: `tk_…` reaches the installation, `wk_…` one workspace, "
                "`ak_…` one inbox.",
            },
            {"type": "http", "scheme": "bearer", "description": "The same key as a bearer token."},
        ]
