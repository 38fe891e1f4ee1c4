"""Further addresses of an inbox, on record."""

from django.db import IntegrityError, transaction

from events import audit
from events.errors import Conflict, Invalid, Missing
from inboxes.addresses import base_address, fold_address, split_address
from inboxes.claiming import domain_for
from inboxes.closing import free_expired
from inboxes.domains import refuse_unheld
from inboxes.models import Address, Domain, Inbox
from inboxes.reserved import refuse_reserved


class AddressInUse(Conflict):
    """Another inbox has it, or has it as a sub-address (RFC 5233)."""

    code = "ADDRESS_TAKEN"


class AddressNeeded(Conflict):
    """It is the inbox's primary address, or the one it was opened under."""

    code = "ADDRESS_NEEDED"


@transaction.atomic
def add_address(inbox: Inbox, addr_spec: str, *, is_primary: bool, by: str) -> bool:
    """Have mail for `addr_spec` come to `inbox`, too, and with `is_primary` leave From it.

    True where it is new. Raises Invalid, DomainNotVerified, AddressInUse.
    """
    address = fold_address(addr_spec)
    try:
        _, domain = split_address(address)
    except ValueError as error:
        raise Invalid.field("address", str(error)) from error
    owned = _domain(inbox, domain)
    refuse_unheld(owned)
    refuse_reserved(address, owned, inbox.workspace, field="address")
    locked = Inbox.objects.select_for_update(of=("self",)).get(pk=inbox.pk)
    free_expired([address])
    is_new = _take(locked, address)
    if is_primary:
        _promote(locked, address)
    if is_new or is_primary:
        details = {"address": address, "primary": is_primary}
        _record(locked, "inbox.address_add", by, details)
    return is_new


@transaction.atomic
def remove_address(inbox: Inbox, addr_spec: str, *, by: str) -> None:
    """Take no more mail for it. Raises Missing and AddressNeeded."""
    locked = Inbox.objects.select_for_update(of=("self",)).get(pk=inbox.pk)
    row = locked.addresses.filter(address=fold_address(addr_spec)).first()
    if row is None:
        raise Missing
    if row.is_primary:
        raise AddressNeeded("This is the primary address: make another one primary first.")
    if row.address == fold_address(f"{locked.username}@{locked.domain.name}"):
        raise AddressNeeded("The inbox was opened under this address: it stays.")
    row.delete()
    _record(locked, "inbox.address_remove", by, {"address": row.address})


def _domain(inbox: Inbox, name: str) -> Domain:
    try:
        return domain_for(inbox.workspace, name)
    except Invalid as error:
        raise Invalid.field("address", "This workspace has no such domain.") from error


def _take(inbox: Inbox, address: str) -> bool:
    """Raises AddressInUse, also where others get mail for it as a sub-address of theirs."""
    owners = dict(
        Address.objects.filter(address__in={address, base_address(address)}).values_list(
            "address", "inbox_id"
        )
    )
    if any(owner != inbox.pk for owner in owners.values()):
        raise AddressInUse(f"{address} is taken.")
    if address in owners:
        return False
    try:
        with transaction.atomic():
            Address.objects.create(inbox=inbox, address=address)
    except IntegrityError as error:
        raise AddressInUse(f"{address} is taken.") from error
    return True


def _promote(inbox: Inbox, address: str) -> None:
    inbox.addresses.filter(is_primary=True).exclude(address=address).update(is_primary=False)
    inbox.addresses.filter(address=address).update(is_primary=True)
    inbox.email = address
    inbox.save(update_fields=["email", "updated_at"])


def _record(inbox: Inbox, action: str, by: str, details: dict[str, object]) -> None:
    subject = f"inbox:{inbox.pk}"
    audit.record(inbox.workspace_id, actor=by, action=action, subject=subject, details=details)
