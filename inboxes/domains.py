"""What an inbox may do depends on its domain: addresses only on one that is held, mail out only
where the DNS allows us to send."""

from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, Q

from events.errors import Forbidden
from inboxes.addresses import fold_domain
from inboxes.models import Domain, Inbox


class DomainNotVerified(Forbidden):
    """The DNS does not (yet) show that this is the workspace's to use."""

    code = "DOMAIN_NOT_VERIFIED"


def usable(own: UUID | OuterRef, workspace: UUID | OuterRef) -> Q:
    """The domains of an inbox: its own, its workspace's, the installation's. Another workspace may
    have claimed the same name."""
    shared = fold_domain(settings.DEFAULT_DOMAIN)
    return Q(pk=own) | Q(workspace=workspace) | Q(name=shared)


def domain_of_sender(inbox: Inbox, name: str) -> Domain | None:
    """The domain called `name`, as that inbox uses it."""
    named = Domain.objects.filter(usable(inbox.domain_id, inbox.workspace_id), name=name)
    return named.order_by("-outbound_enabled", "created_at").first()


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
    domain = domain_of_sender(inbox, name)
    if domain is None or not domain.outbound_enabled:
        raise DomainNotVerified(
            f"{name} may not send: its SPF and DKIM records are not verified.", domain=name
        )
