"""A provider's HTTP API as a way out, by django-anymail."""

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import requests
from anymail.exceptions import (
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string

from inboxes import mime
from inboxes.addresses import fold_address
from outbound import esp_amazon
from outbound.esp_message import Batch, batches_of, request_for
from outbound.esp_providers import Provider
from outbound.transports.protocol import Job, OnPhase, Outcome, Result, same_for_all
from outbound.transports.transaction import refusal_before_sending
from outbound.transports.wire import printable

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 90.0
ONCE_MORE_AFTER = 1.0  # seconds; only for providers that recognise repetitions
REFERENCE = "mailagent_id"  # the name under which a provider gives our reference back
# Our account, our key, our address of the API, or too much at once: ours to put right, then sent.
_ABOUT_US = frozenset({401, 402, 403, 404, 405, 408, 409, 421, 425, 429})
# The request may have been carried out although the answer says otherwise.
_NOBODY_KNOWS = frozenset({500, 502, 504, 520, 522, 524})
_BEFORE_ANYTHING = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.SSLError,
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)
_OUR_MESSAGE = (AnymailUnsupportedFeature, AnymailInvalidAddress, AnymailSerializationError)

warnings.filterwarnings("ignore", module=r"anymail\.backends\.sendgrid")

# Told the job's reference, and by recipient what the provider calls the message.
Remember = Callable[[str, Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class _Answer:
    outcome: Outcome
    code: int
    words: str


class EspTransport:
    """Hands a message over for all of its recipients at once, as far as they are in the job.

    `settings` are the provider's, in clear. `remember` is told the ids that the provider gave out.
    """

    def __init__(
        self, provider: Provider, settings: Mapping[str, str], *, remember: Remember
    ) -> None:
        self._provider = provider
        self._options = _options(provider, settings)
        self._secrets = [value for value in settings.values() if len(value) > 5]
        self._remember = remember
        self._backend_class = import_string(f"anymail.backends.{provider.module}.EmailBackend")
        backend = self.backend()  # raises if it cannot work
        url = esp_amazon.url(settings) if provider.by_boto3 else backend.api_url
        self._host = urlsplit(url).hostname or ""

    def backend(self) -> Any:
        """Anymail's backend for one request. Raises ImproperlyConfigured."""
        return self._backend_class(**self._options, timeout=(CONNECT_SECONDS, ANSWER_SECONDS))

    def send(self, job: Job, *, on_phase: OnPhase) -> list[Result]:
        if refused := refusal_before_sending(job):
            return refused
        on_phase("connecting")
        message = mime.parse(job.raw)
        try:
            asked = [
                (each, request_for(self._provider, job.raw, message, each))
                for each in batches_of(message, job.rcpt_tos)
            ]
        except ValueError as error:
            words = f"5.6.0 not sent: {printable(str(error))}"
            return same_for_all(job, "failed", 0, words, self._host)
        on_phase("data")
        on_phase("committing")
        results: dict[str, Result] = {}
        for batch, request in asked:
            results |= self._handed_over(job, batch, request)
        return [results[each] for each in job.rcpt_tos]

    def _handed_over(
        self, job: Job, batch: Batch, request: EmailMultiAlternatives
    ) -> dict[str, Result]:
        """One request, and where its fate is unknown and a repetition harmless, once more."""
        key = _key(job, batch) if job.reference else ""
        if key and self._provider.repetition_field:
            request.extra_headers[self._provider.repetition_field] = key
        if job.reference and self._provider.gives_back:
            vars(request)["metadata"] = {REFERENCE: job.reference}
        results = self._asked(batch, request, key)
        unknown = any(each.outcome == "uncertain" for each in results.values())
        if unknown and self._provider.recognises_repetitions:
            time.sleep(ONCE_MORE_AFTER)
            again = self._asked(batch, request, key)
            # "Not now" says nothing about the first time.
            if all(each.outcome in ("sent", "failed") for each in again.values()):
                results = again
        status = _status(request)
        if status is not None and status.recipients:
            self._remember(job.reference, _remote_ids(batch, status.recipients))
        return results

    def _opened(self) -> Any:
        """A backend that can be asked. Raises ImproperlyConfigured, whatever it is that our
        surroundings lack: nothing has left."""
        try:
            backend = self.backend()
            backend.open()
        except Exception as error:
            raise ImproperlyConfigured(f"4.3.0 not sent: {error}") from error
        return backend

    def _asked(self, batch: Batch, request: EmailMultiAlternatives, key: str) -> dict[str, Result]:
        try:
            backend = self._opened()
            try:
                if key and self._provider.repetition_header:
                    backend.session.headers[self._provider.repetition_header] = key
                backend.send_messages([request])
            finally:
                backend.close()
        except AnymailRecipientsRefused as refusal:
            return self._by_recipient(batch, request, words=self._words(refusal))
        except (AnymailError, ImproperlyConfigured, requests.RequestException) as error:
            answer = self._answer(error)
            return {each: self._result(each, answer) for each in batch.rcpt_tos}
        return self._by_recipient(batch, request)

    def _answer(self, error: Exception) -> _Answer:
        words = self._words(error)
        code = getattr(error, "status_code", None) or 0
        if self._provider.by_boto3:
            response = getattr(error, "response", None)
            code = esp_amazon.status_of(response)
            if esp_amazon.is_about_us(response) or esp_amazon.was_before_anything(error.__cause__):
                return _Answer("deferred", code, words)
        if isinstance(error, _OUR_MESSAGE):
            return _Answer("failed", 0, f"5.6.0 not sent: {words}")
        if isinstance(error, ImproperlyConfigured) or _was_before_anything(error):
            return _Answer("deferred", 0, words)
        if code in _NOBODY_KNOWS or code < 400:  # no answer, or one that nobody understands
            return _Answer("uncertain", code, words)
        if code in _ABOUT_US or code >= 500:
            return _Answer("deferred", code, words)
        return _Answer("failed", code, words)

    def _by_recipient(
        self, batch: Batch, request: EmailMultiAlternatives, words: str = ""
    ) -> dict[str, Result]:
        status = _status(request)
        answer = status.esp_response
        code = getattr(answer, "status_code", 0) or esp_amazon.status_of(answer)
        found = {fold_address(address): each for address, each in status.recipients.items()}
        results = {}
        for rcpt_to in batch.rcpt_tos:
            each = found.get(fold_address(rcpt_to))
            said = each.status if each else "unknown"
            outcome: Outcome = "failed" if said in ("invalid", "rejected", "failed") else "sent"
            text = words or f"{said}, as {each.message_id if each else None}"
            results[rcpt_to] = self._result(rcpt_to, _Answer(outcome, code, printable(text)))
        return results

    def _result(self, rcpt_to: str, answer: _Answer) -> Result:
        return Result(rcpt_to, answer.outcome, answer.code, answer.words, self._host)

    def _words(self, error: Exception) -> str:
        """The provider's words on one line, without any secret that it may have echoed."""
        text = str(error)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return printable(text)


def _options(provider: Provider, settings: Mapping[str, str]) -> dict[str, Any]:
    """What anymail's backend of that provider takes."""
    if provider.by_boto3:
        return esp_amazon.options(settings, connect=CONNECT_SECONDS, answer=ANSWER_SECONDS)
    known = (*provider.needs, *provider.may_have, "api_url")
    return {name: value for name, value in settings.items() if name in known}


def _status(request: EmailMultiAlternatives) -> Any:
    """What anymail noted of each recipient; None where it got no answer that it understood."""
    return vars(request).get("anymail_status")


def _key(job: Job, batch: Batch) -> str:
    """A UUID: some providers take nothing else."""
    recipients = " ".join(sorted(map(fold_address, batch.rcpt_tos)))
    return str(uuid5(NAMESPACE_URL, f"mailagent:{job.reference}:{recipients}"))


def _was_before_anything(error: Exception) -> bool:
    """Whether no octet of the request can have reached the provider."""
    if isinstance(error, _BEFORE_ANYTHING):
        return True
    text = f"{error} {error.__cause__}"
    return "NewConnectionError" in text or "NameResolutionError" in text


def _remote_ids(batch: Batch, recipients: Mapping[str, Any]) -> dict[str, str]:
    found = {fold_address(address): each.message_id for address, each in recipients.items()}
    ids = {each: found.get(fold_address(each)) for each in batch.rcpt_tos}
    return {rcpt_to: str(remote_id)[:255] for rcpt_to, remote_id in ids.items() if remote_id}
