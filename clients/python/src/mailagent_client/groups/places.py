"""Inboxes and what belongs to them; domains, workspaces, keys."""

from collections.abc import Sequence
from typing import Unpack

from mailagent_client import fields, results
from mailagent_client.calls import (
    Call,
    Group,
    Listing,
    TransportT,
    call,
    delete,
    get,
    listing,
    pages,
    patch,
    post,
    text,
)

_INBOX = "inboxes/{}"
_DOMAIN = "domains/{}"
_LIST = "inboxes/{}/lists/{}"
Addresses = Sequence[str]  # `list` is a method in these classes


class Inboxes(Group[TransportT]):
    """`inbox_id` is the UUID or the address, everywhere."""

    @call
    def create(
        self, *, strict: bool = False, **inbox: Unpack[fields.NewInbox]
    ) -> Call[results.OpenedInbox]:
        """The workspace's own inbox of that name is answered with `existed`; a name of somebody
        else's becomes the first free of name1 … name99, or with `strict` a Conflict."""
        return post("inboxes", fields=inbox, params={"strict": True} if strict else None)

    @listing
    def list(
        self, *, workspace: str | None = None, **paging: Unpack[fields.Paging]
    ) -> Listing[results.Inbox]:
        more = {"workspace": workspace} if workspace else {}
        return pages("inboxes", "inboxes", params={**more, **paging})

    @call
    def get(self, inbox_id: str) -> Call[results.Inbox]:
        return get(_INBOX, inbox_id)

    @call
    def update(self, inbox_id: str, **changed: Unpack[fields.InboxPatch]) -> Call[results.Inbox]:
        """`metadata` is merged; None removes."""
        return patch(_INBOX, inbox_id, fields=changed)

    @call
    def delete(self, inbox_id: str) -> Call[None]:
        """Reversible for 30 days."""
        return delete(_INBOX, inbox_id)

    @call
    def restore(self, inbox_id: str, **step: Unpack[fields.Creating]) -> Call[results.Inbox]:
        """Take a deletion back, by the UUID."""
        return post(f"{_INBOX}/restore", inbox_id, fields=step)

    @call
    def add_address(
        self, inbox_id: str, address: str, **more: Unpack[fields.NewAddress]
    ) -> Call[results.Inbox]:
        """A further address; `primary` makes it the From."""
        return post(f"{_INBOX}/addresses", inbox_id, fields={"address": address, **more})

    @call
    def remove_address(self, inbox_id: str, address: str) -> Call[None]:
        return delete(f"{_INBOX}/addresses/{{}}", inbox_id, address)

    @call
    def new_password(
        self, inbox_id: str, **step: Unpack[fields.Creating]
    ) -> Call[results.Password]:
        """For IMAP and SMTP, shown once."""
        return post(f"{_INBOX}/password", inbox_id, fields=step)


class Lists(Group[TransportT]):
    """Named groups of addresses."""

    @listing
    def list(self, inbox_id: str, **paging: Unpack[fields.Paging]) -> Listing[results.AddressList]:
        return pages("lists", f"{_INBOX}/lists", inbox_id, params=paging)

    @call
    def create(
        self, inbox_id: str, name: str, **step: Unpack[fields.Naming]
    ) -> Call[results.AddressList]:
        return post(f"{_INBOX}/lists", inbox_id, fields={"name": name, **step})

    @call
    def get(self, inbox_id: str, list_id: str) -> Call[results.AddressList]:
        return get(_LIST, inbox_id, list_id)

    @call
    def update(self, inbox_id: str, list_id: str, *, name: str) -> Call[results.AddressList]:
        return patch(_LIST, inbox_id, list_id, fields={"name": name})

    @call
    def delete(self, inbox_id: str, list_id: str) -> Call[None]:
        return delete(_LIST, inbox_id, list_id)

    @listing
    def entries(
        self, inbox_id: str, list_id: str, **paging: Unpack[fields.Paging]
    ) -> Listing[results.ListEntry]:
        return pages("entries", f"{_LIST}/entries", inbox_id, list_id, params=paging)

    @call
    def add(
        self, inbox_id: str, list_id: str, addresses: Addresses, **step: Unpack[fields.Naming]
    ) -> Call[results.AddedEntries]:
        """Answers those that are new; who is on the list already stays."""
        given = {"addresses": addresses, **step}
        return post(f"{_LIST}/entries", inbox_id, list_id, fields=given)

    @call
    def remove(self, inbox_id: str, list_id: str, address: str) -> Call[None]:
        return delete(f"{_LIST}/entries/{{}}", inbox_id, list_id, address)


class Domains(Group[TransportT]):
    """Your own names, and the records to publish for them."""

    @listing
    def list(self, **filters: Unpack[fields.DomainFilter]) -> Listing[results.DomainItem]:
        return pages("domains", "domains", params=filters)

    @call
    def create(self, domain: str, **more: Unpack[fields.NewDomain]) -> Call[results.ClaimedDomain]:
        return post("domains", fields={"domain": domain, **more})

    @call
    def get(self, domain: str) -> Call[results.Domain]:
        return get(_DOMAIN, domain)

    @call
    def verify(self, domain: str, **step: Unpack[fields.Creating]) -> Call[results.Domain]:
        """Look the records up now."""
        return post(f"{_DOMAIN}/verify", domain, fields=step)

    @call
    def rotate_dkim(self, domain: str, **step: Unpack[fields.Creating]) -> Call[results.Domain]:
        """New keys under new selectors, used once they are published."""
        return post(f"{_DOMAIN}/rotate-dkim", domain, fields=step)

    @call
    def zone_file(self, domain: str) -> Call[str]:
        """The records as BIND takes them."""
        return text(f"{_DOMAIN}/zone-file", domain)

    @call
    def delete(self, domain: str) -> Call[None]:
        return delete(_DOMAIN, domain)


class Workspaces(Group[TransportT]):
    """Teams. A `tk_` key reaches all of them."""

    @listing
    def list(self, **paging: Unpack[fields.Paging]) -> Listing[results.Workspace]:
        return pages("workspaces", "workspaces", params=paging)

    @call
    def create(self, name: str, **more: Unpack[fields.NewWorkspace]) -> Call[results.Workspace]:
        return post("workspaces", fields={"name": name, **more})

    @call
    def get(self, workspace_id: str) -> Call[results.Workspace]:
        return get("workspaces/{}", workspace_id)

    @call
    def update(
        self, workspace_id: str, **changed: Unpack[fields.WorkspacePatch]
    ) -> Call[results.Workspace]:
        return patch("workspaces/{}", workspace_id, fields=changed)

    @call
    def delete(self, workspace_id: str) -> Call[None]:
        return delete("workspaces/{}", workspace_id)
