"""What an inbox may do depends on its domain: addresses only on one that is held, mail out only
where the DNS allows us to send."""

from django.db.models import Q

from events.errors import Forbidden
from inboxes.models import Domain, Inbox


class DomainNotVerified(Forbidden):
    """The DNS does not (yet) show that this is the workspace's to use."""

    code = "DOMAIN_NOT_VERIFIED"


def refuse_unheld(domain: Domain) -> None:
    """Raise DomainNotVerified for a name that is only claimed: others may yet prove it theirs."""
    if not domain.is_held:
        raise DomainNotVerified(
            f"{domain.name} is not verified yet: publish its ownership record first.",
            domain=domain.name,
        )


def refuse_unverified_sender(inbox: Inbox) -> None:
    """Raise DomainNotVerified where mail from the inbox's address would not be believed."""
    name = inbox.email.rpartition("@")[2]
    own = Q(workspace=inbox.workspace_id) | Q(pk=inbox.domain_id)  # that of the installation
    enabled = Domain.objects.filter(own, name=name, outbound_enabled=True)
    if not enabled.exists():
        raise DomainNotVerified(
            f"{name} may not send: its SPF and DKIM records are not verified.", domain=name
        )
