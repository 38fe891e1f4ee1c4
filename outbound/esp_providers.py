"""The e-mail service providers that django-anymail speaks to, and what we know of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. Settings have the names that django-anymail gives them, without a prefix.

    All of them take the recipients, the bodies and the files apart and build the MIME anew: what
    arrives has our words, files and threading fields, but not our octets and not our signatures.
    """

    name: str
    module: str  # of anymail.backends and anymail.webhooks
    needs: tuple[str, ...]  # settings without which nothing can be sent
    may_have: tuple[str, ...] = ()
    tracking_view: str = ""
    inbound_view: str = ""
    # Settings by which reports, and incoming mail, are verified beside the secret in their URL.
    tracking_secrets: Mapping[str, str] = field(default_factory=dict)
    inbound_secrets: Mapping[str, str] = field(default_factory=dict)
    signed_by: str = ""  # a scheme that we verify ourselves: "svix", "sns"
    by_boto3: bool = False  # asked through Amazon's library, see `esp_amazon`
    repetition_header: str = ""  # HTTP: a request with the same value is carried out once
    repetition_field: str = ""  # the same, as a mail header or a field of the request
    more_headers: Mapping[str, str] = field(default_factory=dict)
    # Mail header fields that the provider refuses to take, or sets itself.
    leaves_out: frozenset[str] = frozenset()
    gives_back: bool = True  # in its reports, what we note beside a message
    types_by_name: bool = False  # it drops files whose type is not that of their name
    keeps_message_id: bool = False  # known to; where not, replies name an id that is not ours

    @property
    def settings(self) -> tuple[str, ...]:
        """Every setting that may be given."""
        hooks = (*self.tracking_secrets, *self.inbound_secrets)
        return tuple(dict.fromkeys((*self.needs, *self.may_have, "api_url", *hooks)))

    @property
    def recognises_repetitions(self) -> bool:
        return bool(self.repetition_header or self.repetition_field)


_OWN_ID = frozenset({"message-id"})

PROVIDERS: dict[str, Provider] = {
    "amazon_ses": Provider(
        "Amazon SES",
        "amazon_ses",
        ("access_key_id", "secret_access_key", "region"),
        ("configuration_set_name",),
        tracking_view="AmazonSESTrackingWebhookView",
        inbound_view="AmazonSESInboundWebhookView",
        # The topic is no secret: its reports are signed, but so are those of anybody's topic.
        tracking_secrets={"topic_arn": ""},
        inbound_secrets={"inbound_topic_arn": ""},
        signed_by="sns",
        by_boto3=True,
    ),
    "brevo": Provider(
        "Brevo",
        "brevo",
        ("api_key",),
        tracking_view="BrevoTrackingWebhookView",
        inbound_view="BrevoInboundWebhookView",
        repetition_field="idempotencyKey",  # among the mail's headers; known for 15 minutes
    ),
    "mailersend": Provider(
        "MailerSend",
        "mailersend",
        ("api_token",),
        tracking_view="MailerSendTrackingWebhookView",
        inbound_view="MailerSendInboundWebhookView",
        gives_back=False,
        tracking_secrets={"signing_secret": "signing_secret"},
        inbound_secrets={"inbound_secret": "inbound_secret"},
    ),
    "mailgun": Provider(
        "Mailgun",
        "mailgun",
        ("api_key",),
        ("sender_domain",),
        tracking_view="MailgunTrackingWebhookView",
        inbound_view="MailgunInboundWebhookView",
        tracking_secrets={"webhook_signing_key": "webhook_signing_key"},
        inbound_secrets={"webhook_signing_key": "webhook_signing_key"},
        keeps_message_id=True,
    ),
    "mailjet": Provider(
        "Mailjet",
        "mailjet",
        ("api_key", "secret_key"),
        tracking_view="MailjetTrackingWebhookView",
        inbound_view="MailjetInboundWebhookView",
        leaves_out=_OWN_ID,
    ),
    "mailtrap": Provider(
        "Mailtrap",
        "mailtrap",
        ("api_token",),
        ("sandbox_id",),
        tracking_view="MailtrapTrackingWebhookView",
        inbound_view="MailtrapInboundWebhookView",
        tracking_secrets={"tracking_secret": "tracking_secret"},
        inbound_secrets={"inbound_secret": "inbound_secret"},
    ),
    "mandrill": Provider(
        "Mandrill",
        "mandrill",
        ("api_key",),
        tracking_view="MandrillCombinedWebhookView",
        inbound_view="MandrillCombinedWebhookView",
        tracking_secrets={"webhook_key": "webhook_key"},
        inbound_secrets={"webhook_key": "webhook_key"},
    ),
    "postal": Provider(
        "Postal",
        "postal",
        ("api_key", "api_url"),
        tracking_view="PostalTrackingWebhookView",
        inbound_view="PostalInboundWebhookView",
        gives_back=False,
        tracking_secrets={"webhook_key": "webhook_key"},
        inbound_secrets={"webhook_key": "webhook_key"},
    ),
    "postmark": Provider(
        "Postmark",
        "postmark",
        ("server_token",),
        ("message_stream",),
        tracking_view="PostmarkTrackingWebhookView",
        inbound_view="PostmarkInboundWebhookView",
        more_headers={"X-PM-KeepID": "true"},
        keeps_message_id=True,
    ),
    "resend": Provider(
        "Resend",
        "resend",
        ("api_key",),
        tracking_view="ResendTrackingWebhookView",
        inbound_view="ResendInboundWebhookView",
        tracking_secrets={"signing_secret": ""},
        inbound_secrets={"inbound_secret": ""},
        signed_by="svix",
        repetition_header="Idempotency-Key",  # known for 24 hours
        types_by_name=True,
    ),
    "scaleway": Provider(
        "Scaleway",
        "scaleway",
        ("secret_key", "project_id"),
        ("region",),
        leaves_out=_OWN_ID,
    ),
    "sendgrid": Provider(
        "SendGrid",
        "sendgrid",
        ("api_key",),
        tracking_view="SendGridTrackingWebhookView",
        inbound_view="SendGridInboundWebhookView",
        tracking_secrets={"tracking_webhook_verification_key": "tracking_webhook_verification_key"},
        keeps_message_id=True,
    ),
    "sparkpost": Provider(
        "SparkPost",
        "sparkpost",
        ("api_key",),
        ("subaccount",),
        tracking_view="SparkPostTrackingWebhookView",
        inbound_view="SparkPostInboundWebhookView",
    ),
    "unisender_go": Provider(
        "Unisender Go",
        "unisender_go",
        ("api_key", "api_url"),
        tracking_view="UnisenderGoTrackingWebhookView",
        leaves_out=_OWN_ID,
    ),
}


def checked_settings(provider: Provider, given: Mapping[str, str]) -> dict[str, str]:
    """`given` if the provider can be used with it. Raises ValueError, which names no value."""
    for name, value in given.items():
        if name not in provider.settings:
            known = ", ".join(provider.settings)
            raise ValueError(f"{provider.name} has no setting {name!r}; it has: {known}.")
        if not value or not value.isprintable() or not value.isascii():
            raise ValueError(f"{name}: must be printable ASCII.")
    for name in provider.needs:
        if name not in given:
            raise ValueError(f"{provider.name} needs {name}.")
    url = given.get("api_url", "")
    if url and not url.startswith(("https://", "http://")):
        raise ValueError("api_url: must begin with https:// or http://.")
    return dict(given)
