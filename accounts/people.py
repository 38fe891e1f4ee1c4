"""People in the browser: signing in, and the door of every page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import LoginView, LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.models import User
from accounts.scope import Deed, Scope


class MemberRequest(HttpRequest):
    """A request of somebody who is signed in and may do what the page is for."""

    user: User
    member_scope: Scope  # `scope` is what ASGI calls its own


Page = Callable[..., HttpResponseBase]


def member_required(deed: Deed) -> Callable[[Page], Page]:
    """Let in who is signed in and may do `deed` somewhere; the page filters by `member_scope`.

    Nobody: to the sign-in page. A member who may not: 403.
    """

    def decorate(page: Page) -> Page:
        @wraps(page)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            request.member_scope = Scope.of_user(request.user)
            if not request.member_scope.may(deed):
                raise PermissionDenied(f"This needs a role that may {deed}.")
            return page(request, *args, **kwargs)

        return guarded

    return decorate


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back; a fragment's request moves the whole page there.

    Who was saving is only told: what they have written stays on their screen.
    """
    if request.headers.get("HX-Request"):
        if request.method != "GET":
            return HttpResponse("You are signed out.", status=401)
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = f"{redirect_to_login('/').url}"
        return answer
    return redirect_to_login(request.get_full_path())


class SignIn(LoginView):
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True


class SignOut(LogoutView):
    http_method_names = ("post", "options")


__all__ = ["MemberRequest", "SignIn", "SignOut", "member_required", "to_sign_in"]
