"""What a person has before them: the drafts in their reach."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.scope import Scope
from drafts.models import Draft

# All that a row shows. Rows are wide, and reading what nobody sees took a third of the time.
IN_A_ROW = (
    "status",
    "stale",
    "category",
    "confidence",
    "edited_by_person",
    "decided_by",
    "hold_until",
    "lease_until",
    "created_at",
    "updated_at",
    "message_id",
    "thread_id",
    "inbox__email",
    "revision__subject",
    "revision__plain_body",
    "revision__to",
    "lease_holder__name",
    "lease_holder__email",
    "reply_to_message__from_name",
    "reply_to_message__header_from",
    "reply_to_message__is_spam",
)
ASKED_LIMIT = 320  # characters; an address is no longer


def asked(request: HttpRequest, name: str) -> str:
    """What the reader asks a list for, as the database can take it."""
    return request.GET.get(name, "").replace("\0", "").strip()[:ASKED_LIMIT]


def page_asked(request: HttpRequest) -> int:
    """The number of the page that is asked for, from 1 on; of a list that nobody counts."""
    page = asked(request, "page")
    return max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1


def ids_in(text: str) -> list[UUID]:
    """The ids in a list with commas; what is none is left out."""
    found = []
    for each in text.split(","):
        try:
            found.append(UUID(each))
        except ValueError:
            continue
    return found


def waiting(scope: Scope) -> QuerySet[Draft]:
    """Drafts that wait for a person, in this person's reach."""
    return Draft.objects.within(scope).filter(status=Draft.Status.PENDING)


def for_rows(drafts: QuerySet[Draft]) -> QuerySet[Draft]:
    """With all that a row shows, in one query."""
    return drafts.select_related("revision", "inbox", "lease_holder", "reply_to_message").only(
        *IN_A_ROW
    )
