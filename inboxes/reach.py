"""Finding what a path of the API names, within the caller's reach. What is out of reach, deleted
or not there at all is Missing, and nobody can tell which."""

from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.scope import Deed, Scope
from events.errors import Missing
from inboxes.addresses import fold_address
from inboxes.closing import RESTORABLE
from inboxes.models import Attachment, Inbox, InboxQuerySet, Message, MessageQuerySet, Thread


def reachable_inboxes(scope: Scope, deed: Deed = "read") -> InboxQuerySet:
    """Inboxes that are not deleted, with all that their wire form shows, in constant queries."""
    inboxes: InboxQuerySet = Inbox.objects.alive().within(scope, deed)
    return inboxes.select_related("domain").prefetch_related("addresses")


def find_inbox(scope: Scope, reference: str, deed: Deed = "read") -> Inbox:
    """The inbox of that UUID or address. Raises Missing."""
    return _named(Inbox.objects.alive().within(scope, deed), reference)


def find_restorable(scope: Scope, reference: str) -> Inbox:
    """The inbox of that UUID or address, also one deleted in the last 30 days. Raises Missing."""
    lately = Q(deleted_at=None) | Q(deleted_at__gte=timezone.now() - RESTORABLE)
    inboxes = Inbox.objects.within(scope, "manage").filter(lately, workspace__deleted_at=None)
    return _named(inboxes, reference)


def _named(inboxes: InboxQuerySet, reference: str) -> Inbox:
    inboxes = inboxes.select_related("workspace")
    try:
        found = inboxes.filter(pk=UUID(reference)).first()
    except ValueError:
        if "@" not in reference or "\0" in reference:
            raise Missing from None
        found = inboxes.filter(addresses__address=fold_address(reference)).first()
    if found is None:
        raise Missing
    return found


def messages_of(inbox: Inbox) -> MessageQuerySet:
    """Messages that somebody may be shown."""
    messages: MessageQuerySet = Message.objects.filter(inbox=inbox).exclude(
        status=Message.Status.CANCELLED
    )
    return messages.defer("search", "search_names")


def in_order_of_parts(attachments: QuerySet[Attachment]) -> QuerySet[Attachment]:
    """As they stand in their message: part 1.10 comes after part 1.9."""
    numbers = Func(F("part_path"), Value("."), function="string_to_array")
    return attachments.order_by(Cast(numbers, ArrayField(IntegerField())), "pk")


def find_message(inbox: Inbox, message_id: UUID) -> Message:
    """A message of that inbox; one in the trash, too. Raises Missing."""
    found = messages_of(inbox).filter(pk=message_id).first()
    if found is None:
        raise Missing
    return found


def find_thread(inbox: Inbox, thread_id: UUID) -> Thread:
    """A conversation of that inbox. Raises Missing."""
    found = Thread.objects.filter(inbox=inbox, pk=thread_id).first()
    if found is None:
        raise Missing
    return found
