"""Refusals and failures as HTTP answers: one table from code to status, one body.

Never HTML and never a stack trace under /v1/.
"""

import sys
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from events.errors import MailAgentError, Missing, Unavailable

# A code that is not named here has the status of the nearest ancestor's.
STATUS = {
    "ERROR": HTTPStatus.UNPROCESSABLE_ENTITY,
    "VALIDATION_ERROR": HTTPStatus.BAD_REQUEST,
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
    "PERMISSION_DENIED": HTTPStatus.FORBIDDEN,
    "FORBIDDEN": HTTPStatus.FORBIDDEN,
    "NOT_FOUND": HTTPStatus.NOT_FOUND,
    "METHOD_NOT_ALLOWED": HTTPStatus.METHOD_NOT_ALLOWED,
    "NOT_ACCEPTABLE": HTTPStatus.NOT_ACCEPTABLE,
    "CONFLICT": HTTPStatus.CONFLICT,
    "TOO_LARGE": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "UNSUPPORTED_MEDIA_TYPE": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "RATE_LIMITED": HTTPStatus.TOO_MANY_REQUESTS,
    "UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "INTERNAL_ERROR": HTTPStatus.INTERNAL_SERVER_ERROR,
}
RETRY_AFTER_SECONDS = 5
_WHOLE = "non_field_errors"  # the framework's name for what concerns no single field
_CODE_OF_DRF: dict[type[exceptions.APIException], str] = {
    exceptions.NotAuthenticated: "UNAUTHENTICATED",
    exceptions.AuthenticationFailed: "UNAUTHENTICATED",
    exceptions.PermissionDenied: "PERMISSION_DENIED",
    exceptions.NotFound: "NOT_FOUND",
    exceptions.MethodNotAllowed: "METHOD_NOT_ALLOWED",
    exceptions.NotAcceptable: "NOT_ACCEPTABLE",
    exceptions.UnsupportedMediaType: "UNSUPPORTED_MEDIA_TYPE",
    exceptions.Throttled: "RATE_LIMITED",
}
_AWAY = "The database is away. Nothing was done; please try again."
_BROKEN = "Something went wrong on our side. The log has it under this request's id."


def body_of(code: str, sentence: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of every refusal."""
    return {"error": sentence, "code": code, "details": details or {}}


def status_of(refusal: MailAgentError) -> int:
    """The HTTP status of a refusal, by its code or by that of the class it is a kind of."""
    for kind in type(refusal).__mro__:
        if (status := STATUS.get(getattr(kind, "code", ""))) is not None:
            return status
    return STATUS["ERROR"]


def _field_map(detail: Any) -> dict[str, Any]:
    """DRF's nested details as {field: [sentences]}; what concerns no field is under `body`."""
    if not isinstance(detail, dict):
        return {"body": detail if isinstance(detail, list) else [detail]}
    return {"body" if name == _WHOLE else name: _by_field(told) for name, told in detail.items()}


def _by_field(told: Any) -> Any:
    """What concerns an inner object as a whole stands under that object's own name."""
    if not isinstance(told, dict):
        return told
    if set(told) == {_WHOLE}:
        return told[_WHOLE]
    return {name: _by_field(inner) for name, inner in told.items()}


def _first_sentence(field: str, told: Any) -> str:
    """`field.inner: sentence` of the first fault, for people reading logs."""
    if isinstance(told, dict) and told:
        name, inner = next(iter(told.items()))
        return _first_sentence(f"{field}.{name}", inner)
    if isinstance(told, list) and told:
        return _first_sentence(field, next((one for one in told if one), told[0]))
    return f"{field}: {told}"


def _invalid(detail: Any) -> Response:
    details = _field_map(detail)
    sentence = _first_sentence(*next(iter(details.items())))
    return Response(body_of("VALIDATION_ERROR", sentence, details), status=400)


def _of_drf(error: exceptions.APIException) -> Response:
    if isinstance(error, exceptions.ValidationError | exceptions.ParseError):
        return _invalid(error.detail)
    code = next((c for kind, c in _CODE_OF_DRF.items() if isinstance(error, kind)), None)
    if code == "NOT_FOUND":
        return _of_ours(Missing())
    if code is None:
        return Response(body_of("ERROR", str(error.detail)), status=error.status_code)
    response = Response(body_of(code, str(error.detail)), status=STATUS[code])
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait) + 1)
    return response


def _of_ours(error: MailAgentError) -> Response:
    status = status_of(error)
    response = Response(body_of(error.code, error.sentence, error.details), status=status)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        response["Retry-After"] = str(error.details.get("retry_after", RETRY_AFTER_SECONDS))
    return response


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None for what nobody foresaw: `server_error` answers that."""
    set_rollback()
    if isinstance(error, exceptions.APIException):
        return _of_drf(error)
    if isinstance(error, MailAgentError):
        return _of_ours(error)
    if isinstance(error, Http404):
        return _of_ours(Missing())
    if isinstance(error, PermissionDenied):
        return Response(body_of("PERMISSION_DENIED", "This is not allowed."), status=403)
    if isinstance(error, RequestDataTooBig | TooManyFieldsSent):
        return Response(body_of("TOO_LARGE", "The request is too large."), status=413)
    if isinstance(error, SuspiciousOperation):
        return _invalid("The request is malformed.")
    if isinstance(error, RecursionError):
        return _invalid("Is nested too deeply.")
    if isinstance(error, OperationalError | InterfaceError):
        return _of_ours(Unavailable(_AWAY))
    return None


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/v1/") or request.path == "/v1"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: a host or a form that Django itself refuses."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    sentence = "The request is malformed."
    details = {"body": [sentence]}
    return JsonResponse(body_of("VALIDATION_ERROR", sentence, details), status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: under /v1/ an unknown path answers as a missing thing does."""
    if not _is_api(request):
        return defaults.page_not_found(request, exception)
    missing = Missing()
    return JsonResponse(body_of(missing.code, missing.sentence), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: 503 with Retry-After where the database is away, else 500."""
    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    if _is_api(request):
        code, sentence = ("UNAVAILABLE", _AWAY) if away else ("INTERNAL_ERROR", _BROKEN)
        response: HttpResponse = JsonResponse(body_of(code, sentence), status=STATUS[code])
    elif away:
        response = HttpResponse(render_to_string("503.html"), status=503)
    else:
        response = defaults.server_error(request)
    if away:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
