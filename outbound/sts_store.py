"""MTA-STS policies in the database, where they outlive processes and are everybody's."""

import logging
from datetime import UTC, datetime

from django.db import Error
from django.utils import timezone

from outbound.models import StsPolicy
from outbound.transports.mta_sts import Mode, Policy
from outbound.transports.sts_policies import KnownPolicy

logger = logging.getLogger(__name__)
_MODES: dict[str, Mode] = {"enforce": "enforce", "testing": "testing", "none": "none"}


class DatabaseStore:
    """Keeps a policy until its max_age. Expired ones are pruned as others come."""

    def find(self, domain: str) -> KnownPolicy | None:
        try:
            row = StsPolicy.objects.filter(domain=domain).first()
        except Error as error:
            logger.warning("a known MTA-STS policy cannot be read: %s", type(error).__name__)
            return None
        if row is None:
            return None
        policy = Policy(_MODES[row.mode], tuple(row.mx), row.max_age)
        return KnownPolicy(row.policy_id, policy, row.expires_at.timestamp())

    def keep(self, domain: str, known: KnownPolicy) -> None:
        fields = {
            "policy_id": known.policy_id,
            "mode": known.policy.mode,
            "mx": list(known.policy.mx),
            "max_age": known.policy.max_age,
            "expires_at": datetime.fromtimestamp(known.expires_at, UTC),
        }
        try:
            StsPolicy.objects.filter(expires_at__lt=timezone.now()).exclude(domain=domain).delete()
            StsPolicy.objects.update_or_create(domain=domain, defaults=fields)
        except Error as error:
            logger.warning("an MTA-STS policy cannot be kept: %s", type(error).__name__)
