"""Who is calling the agents' API, and whether their key allows it."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.keys import find
from accounts.models import ApiKey
from accounts.scope import Deed, Scope
from events.errors import Forbidden

if TYPE_CHECKING:  # rest_framework.views imports this module while it is being made
    from rest_framework.views import APIView

USE_NOTED_EVERY = timedelta(minutes=1)


class PermissionLacking(Forbidden):
    code = "PERMISSION_DENIED"


def presented_key(request: Request) -> str:
    """The key of `X-API-Key`, else of `Authorization: Bearer`; "" where neither is given."""
    if key := request.headers.get("X-API-Key", "").strip():
        return str(key)
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    return str(credentials.strip()) if scheme.lower() == "bearer" else ""


class ApiKeyAuthentication(BaseAuthentication):
    """`request.auth` becomes the key's Scope; `request.user` stays None: no person is calling."""

    def authenticate(self, request: Request) -> tuple[None, Scope] | None:
        """None where no key is given. Raises AuthenticationFailed for one that is not live."""
        presented = presented_key(request)
        if not presented:
            return None
        key = find(presented)
        if key is None:
            raise AuthenticationFailed("This API key is unknown, revoked or expired.")
        return None, Scope.of_key(key)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="mailagent"'


class HasPermission(BasePermission):
    """Each view declares `deeds`: the permission that each method needs, or None for any key.

    A method that a view handles and does not declare is refused to everybody.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Raises PermissionLacking, which names the permission."""
        if not isinstance(request.auth, Scope):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        if not self._is_handled(view, method):
            return True  # The view answers 405.
        deeds: dict[str, Deed | None] = getattr(view, "deeds", {})
        if method not in deeds:
            raise Forbidden("No key may do this.")
        deed = deeds[method]
        if deed is not None and not request.auth.may(deed):
            raise PermissionLacking(
                f"This key does not have the permission `{deed}`.", permission=deed
            )
        return True

    @staticmethod
    def _is_handled(view: "APIView", method: str) -> bool:
        return method.lower() in view.http_method_names and hasattr(view, method.lower())


def note_use(key: ApiKey) -> None:
    """Set `last_used_at`, at most once a minute however many processes the key calls."""
    now = timezone.now()
    if key.last_used_at and key.last_used_at > now - USE_NOTED_EVERY:
        return
    unnoted = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
    ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
