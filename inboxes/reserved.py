"""Names before the @ that are not free for everybody."""

from accounts.models import Workspace
from events.errors import Invalid
from inboxes.addresses import base_address
from inboxes.models import Domain

# Bounces come back to `bounce+<token>@<domain>`: an inbox of that name would get them.
RETURN_PATH = "bounce"
# Must reach a person wherever mail is taken: RFC 5321 §4.5.1, RFC 2142 §4.
ROLES = frozenset(("postmaster", "abuse"))
# Who gets mail for one of these can pass for whoever runs the domain: RFC 2142, and the names to
# which certificate authorities write (CA/Browser Forum, Baseline Requirements §3.2.2.4.4).
_OPERATORS = ROLES | frozenset(
    (
        *("admin", "administrator", "hostmaster", "mailer-daemon", "noc", "root", "security"),
        *("ssladmin", "sysadmin", "webmaster"),
    )
)


def refuse_reserved(address: str, domain: Domain, workspace: Workspace, *, field: str) -> None:
    """Raise Invalid naming `field` for an address that `workspace` may not have on `domain`."""
    local, _, _ = base_address(address).rpartition("@")
    if local == RETURN_PATH:
        raise Invalid.field(field, f"`{local}` is where bounces come back to: take another name.")
    if local in _OPERATORS and domain.workspace_id != workspace.pk:
        raise Invalid.field(field, f"`{local}` is for whoever runs {domain.name}.")
