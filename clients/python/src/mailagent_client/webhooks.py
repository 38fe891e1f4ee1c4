"""What arrives at a webhook: whether it is ours, and what it tells."""

from collections.abc import Mapping
from typing import cast

from standardwebhooks import Webhook, WebhookVerificationError

from mailagent_client.errors import InvalidSignature
from mailagent_client.results import PolledEvent


def verify(body: bytes | str, headers: Mapping[str, str], secret: str) -> PolledEvent:
    """The event in a POST that our server signed with `secret` (`whsec_…`) within the last five
    minutes. `body` is what was received, octet for octet. Raises InvalidSignature."""
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        return cast(PolledEvent, Webhook(secret).verify(body, lowered))
    except (WebhookVerificationError, ValueError) as error:
        raise InvalidSignature(str(error)) from error
