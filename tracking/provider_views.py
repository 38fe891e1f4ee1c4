"""Where providers report to: one URL for each domain's transport, with a secret in it.

Whoever calls must know the secret, and sign as their provider does where that was configured.
"""

import hmac
import logging
import time
import warnings
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from anymail.exceptions import (
    AnymailConfigurationError,
    AnymailError,
    AnymailInsecureWebhookWarning,
    AnymailNotSupportedWarning,
    AnymailWebhookValidationFailure,
)
from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from standardwebhooks import Webhook, WebhookVerificationError

from outbound import esp_amazon, ways_out
from outbound.esp_providers import PROVIDERS, Provider
from outbound.models import DomainTransport
from tracking import provider_arrival, provider_reports, sns

logger = logging.getLogger(__name__)
FETCH_SECONDS = 5.0  # for what the provider keeps for us: it waits for our answer meanwhile
EXAMINED_FOR = 5.0  # seconds from which on more of what came in one request is only stored
# What reading strange input raises in anymail's views, which expect what providers document.
_NONSENSE = (AnymailError, ValueError, TypeError, AttributeError, LookupError, RecursionError)
# The secret in the URL does what anymail's basic authentication would do.
warnings.filterwarnings("ignore", category=AnymailInsecureWebhookWarning)
warnings.filterwarnings("ignore", category=AnymailNotSupportedWarning)


class _Refused(Exception):
    """Nothing of what was sent was taken."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def hook(request: HttpRequest, transport_id: UUID, secret: str, what: str) -> HttpResponse:
    """POST /hooks/providers/{transport}/{secret}/tracking or …/inbound

    200: all of it is stored. 404: no such transport, or not this secret; 403: not signed as it
    must be; 400: not what this provider sends.
    """
    try:
        transport, kept = _transport(transport_id, secret)
        if request.method == "HEAD":  # Some look whether anybody is there.
            return HttpResponse()
        until = time.monotonic() + EXAMINED_FOR
        for event in _events(request, PROVIDERS[transport.kind], kept, what):
            if isinstance(event, AnymailInboundEvent) and what == "inbound":
                provider_arrival.take(transport, event, until=until)
            elif isinstance(event, AnymailTrackingEvent) and what == "tracking":
                provider_reports.take(transport, event)
    except _Refused as refusal:
        return HttpResponse(str(refusal), status=refusal.status, content_type="text/plain")
    return HttpResponse()


def _transport(transport_id: UUID, secret: str) -> tuple[DomainTransport, dict[str, str]]:
    row = DomainTransport.objects.select_related("domain").filter(pk=transport_id).first()
    if row is None or row.kind not in PROVIDERS:
        raise _Refused(404, "Not here.")
    try:
        kept = ways_out.opened(row)
    except InvalidToken:
        logger.warning("transport %s: its settings cannot be opened", transport_id)
        raise _Refused(404, "Not here.") from None
    known = kept.get(ways_out.WEBHOOK_SECRET, "")
    if not known or not hmac.compare_digest(known.encode(), secret.encode()):
        raise _Refused(404, "Not here.")
    return row, kept


def _events(
    request: HttpRequest, provider: Provider, kept: Mapping[str, str], what: str
) -> list[Any]:
    """What the provider says, its signature verified."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise _Refused(413, "Too large.")
    try:
        view = _view(provider, kept, what, request.path)
        _verify(request, provider, kept, what)
        view.run_validators(request)
        found: list[Any] = view.parse_events(request)
    except AnymailWebhookValidationFailure as error:
        raise _Refused(403, "Not signed as it must be.") from error
    except AnymailConfigurationError as error:
        raise _Refused(400, "This is not what comes here, or a setting is missing.") from error
    except _NONSENSE as error:
        if hasattr(error, "operation_name"):  # boto3's: the message is with Amazon, still
            logger.warning("%s: what came could not be fetched: %s", provider.name, error)
            raise _Refused(503, "Come again later.") from error
        logger.warning("%s: what came cannot be read: %s", provider.name, type(error).__name__)
        raise _Refused(400, "Not what this provider sends.") from error
    return found


def _view(provider: Provider, kept: Mapping[str, str], what: str, path: str) -> Any:
    """Anymail's view of that provider's reports: it verifies, and it reads."""
    name = provider.tracking_view if what == "tracking" else provider.inbound_view
    if not name:
        raise _Refused(404, "This provider sends none.")
    secrets = provider.tracking_secrets if what == "tracking" else provider.inbound_secrets
    view_class = import_string(f"anymail.webhooks.{provider.module}.{name}")
    options: dict[str, Any] = {
        option: kept[key] for key, option in secrets.items() if option and key in kept
    }
    if provider.by_boto3:
        options |= esp_amazon.options(kept, connect=FETCH_SECONDS, answer=FETCH_SECONDS)
        options["auto_confirm_sns_subscriptions"] = False  # see `_verify_sns`
    else:
        options |= {name: kept[name] for name in (*provider.needs, "api_url") if name in kept}
    return view_class(**options, webhook_url=f"{settings.BASE_URL}{path}")


def _verify(request: HttpRequest, provider: Provider, kept: Mapping[str, str], what: str) -> None:
    """Signatures that anymail does not verify, or with a library of their own."""
    names = provider.tracking_secrets if what == "tracking" else provider.inbound_secrets
    secret = next((kept[name] for name in names if name in kept), "")
    if provider.signed_by == "sns":
        _verify_sns(request, secret)
    elif provider.signed_by == "svix" and secret:
        _verify_svix(request, secret)


def _verify_sns(request: HttpRequest, topic: str) -> None:
    """Amazon's, and that it is about the topic that was configured; only its subscription is
    accepted."""
    if not topic:
        raise AnymailConfigurationError("Set the topic that may report here.")
    try:
        message = sns.verified(request.body, [topic])
        if message["Type"] == sns.SUBSCRIPTION:
            sns.confirm(message)
            logger.info("subscribed to the topic of Amazon SNS that was configured")
    except sns.NotFromThere as error:
        logger.warning("a message of Amazon SNS was refused: %s", error)
        raise _Refused(403, "Not signed as it must be.") from error
    except sns.Unreachable as error:
        logger.warning("Amazon SNS could not be asked: %s", error)
        raise _Refused(503, "Come again later.") from error


def _verify_svix(request: HttpRequest, secret: str) -> None:
    """Resend's: Standard Webhooks under other names."""
    fields = {
        f"webhook-{name}": request.headers.get(f"svix-{name}", "")
        for name in ("id", "timestamp", "signature")
    }
    try:
        Webhook(secret).verify(request.body, fields, json_parse=False)
    except (WebhookVerificationError, ValueError) as error:
        raise _Refused(403, "Not signed as it must be.") from error
