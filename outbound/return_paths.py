"""Where reports about mail of ours come back to: a signed address for every delivery.

Under `bounce.<domain>` where the DNS has that point here, else under the domain itself: both are
aligned with From (RFC 7489 §3.1.2).
"""

from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.conf import settings

from events.secrecy import derived_key
from inboxes.models import Domain
from outbound.domains import verdicts_on
from outbound.envelope import envelope_sender, read_token

LABEL = "bounce"
_PREFIX = f"{LABEL}."
_REMEMBERED = 1000
_verified: dict[tuple[UUID, datetime | None], bool] = {}  # by domain, since the DNS was asked


def return_path_domain(domain: Domain) -> str:
    """The domain of envelope senders of mail from `domain`."""
    checked = (domain.pk, domain.checked_at)
    if checked not in _verified:
        records = [each for each in verdicts_on(domain) if each.record.purpose == "return_path"]
        if len(_verified) >= _REMEMBERED:
            _verified.clear()
        _verified[checked] = bool(records) and all(each.status == "found" for each in records)
    return f"{_PREFIX}{domain.name}" if _verified[checked] else domain.name


def sender_for(delivery_id: int, domain: Domain) -> str:
    """The envelope sender of a delivery of mail from `domain`."""
    return envelope_sender(
        delivery_id, domain=return_path_domain(domain), key=_key(settings.SECRET_KEY)
    )


def delivery_of(address: str) -> tuple[int, str] | None:
    """The delivery that an envelope sender of ours was made for, and the domain it was from. None:
    not made by us."""
    local_part, _, name = address.rpartition("@")
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        delivery_id = read_token(local_part, key=_key(secret))
        if delivery_id is not None:
            return delivery_id, name.lower().removeprefix(_PREFIX)
    return None


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return derived_key("envelope sender", secret=secret)
