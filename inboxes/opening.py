"""Opening a mailbox: its row, its address, its folders and its password, in one transaction."""

import secrets
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Workspace
from events import audit
from events.errors import Conflict, Invalid
from inboxes.addresses import fold_address, split_address
from inboxes.domains import refuse_unheld
from inboxes.models import Address, Domain, Folder, Inbox
from inboxes.reserved import refuse_reserved

FOLDERS = {
    Folder.Role.INBOX: "INBOX",
    Folder.Role.DRAFTS: "Drafts",
    Folder.Role.SENT: "Sent",
    Folder.Role.ARCHIVE: "Archive",
    Folder.Role.JUNK: "Junk",
    Folder.Role.TRASH: "Trash",
}


class AddressTaken(Conflict):
    code = "USERNAME_TAKEN"


@dataclass(frozen=True, slots=True)
class Opened:
    """A new inbox and its mail password, which is shown this once."""

    inbox: Inbox
    password: str


def new_password() -> str:
    """A password for mail clients: 120 bits, in groups that can be typed."""
    letters = secrets.token_hex(15)
    return "-".join(letters[i : i + 5] for i in range(0, 30, 5))


def _make_folders(inbox: Inbox) -> None:
    # RFC 9051 §2.3.1.1: UIDVALIDITY must never fall when a name is used again; seconds do not.
    validity = int(timezone.now().timestamp())
    Folder.objects.bulk_create(
        Folder(inbox=inbox, role=role, name=name, uid_validity=validity)
        for role, name in FOLDERS.items()
    )


def open_inbox(
    workspace: Workspace,
    domain: Domain,
    username: str,
    *,
    by: str,
    display_name: str = "",
    review_mode: Inbox.ReviewMode = Inbox.ReviewMode.REQUIRED,
) -> Opened:
    """Open `username@domain`. Raises Invalid for an odd name, AddressTaken for one in use,
    DomainNotVerified for a domain that others may still prove to be theirs."""
    refuse_unheld(domain)
    address = fold_address(f"{username}@{domain.name}")
    try:
        split_address(address)
    except ValueError as error:
        raise Invalid.field("username", str(error)) from error
    refuse_reserved(address, domain, workspace, field="username")
    password = new_password()
    try:
        with transaction.atomic():
            inbox = Inbox.objects.create(
                workspace=workspace,
                domain=domain,
                username=username.lower(),
                email=address,
                display_name=display_name,
                review_mode=review_mode,
                password=make_password(password),
            )
            Address.objects.create(address=address, inbox=inbox, is_primary=True)
            _make_folders(inbox)
            audit.record(workspace.pk, actor=by, action="inbox.open", subject=f"inbox:{inbox.pk}")
    except IntegrityError as error:
        raise AddressTaken(f"{username}@{domain.name} is taken.") from error
    return Opened(inbox, password)
