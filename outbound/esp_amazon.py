"""Amazon SES through boto3: what django-anymail wants of it, and what its errors mean.

boto3 takes tens of megabytes: it is imported by anymail, in the processes of installations with a
domain that uses SES, and nowhere by us. Its errors are therefore told by their names.
"""

from collections.abc import Mapping
from typing import Any

# No octet of the request has left: no address, no connection, no credentials.
_BEFORE_ANYTHING = frozenset(
    {
        "ConnectTimeoutError",
        "EndpointConnectionError",
        "NoCredentialsError",
        "ProxyConnectionError",
        "SSLError",
        "UnknownEndpointError",
        "InvalidRegionError",
        "ParamValidationError",
    }
)
# SES says 400 to these too, but they are about our account: ours to put right, then sent.
_ABOUT_US = frozenset(
    {
        "AccountSuspendedException",
        "ExpiredTokenException",
        "LimitExceededException",
        "MailFromDomainNotVerifiedException",
        "SendingPausedException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "UnrecognizedClientException",
    }
)


def options(settings: Mapping[str, str], *, connect: float, answer: float) -> dict[str, Any]:
    """For anymail's backend and views. One request is one attempt: boto3 would repeat what may
    have been carried out."""
    client_params: dict[str, Any] = {
        "config": {
            "connect_timeout": connect,
            "read_timeout": answer,
            "retries": {"total_max_attempts": 1},
        },
    }
    if "api_url" in settings:
        client_params["endpoint_url"] = settings["api_url"]
    made: dict[str, Any] = {
        "session_params": {
            "aws_access_key_id": settings["access_key_id"],
            "aws_secret_access_key": settings["secret_access_key"],
            "region_name": settings["region"],
        },
        "client_params": client_params,
    }
    if "configuration_set_name" in settings:
        made["configuration_set_name"] = settings["configuration_set_name"]
    return made


def url(settings: Mapping[str, str]) -> str:
    return settings.get("api_url") or f"https://email.{settings['region']}.amazonaws.com/"


def was_before_anything(error: BaseException | None) -> bool:
    return type(error).__name__ in _BEFORE_ANYTHING


def is_about_us(response: Any) -> bool:
    """Tell whether SES refuses us, and not the message."""
    error = response.get("Error") if isinstance(response, dict) else None
    return isinstance(error, dict) and error.get("Code") in _ABOUT_US


def status_of(response: Any) -> int:
    """The HTTP status in an answer as boto3 reads it; 0 where there is none."""
    found = response.get("ResponseMetadata") if isinstance(response, dict) else None
    code = found.get("HTTPStatusCode") if isinstance(found, dict) else None
    return code if isinstance(code, int) else 0
