"""What a person has before them: the drafts in their reach."""

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.scope import Scope
from drafts.models import Draft

ROW_RELATIONS = (
    "revision",
    "inbox",
    "reviewer",
    "lease_holder",
    "reply_to_message",
)
# The bodies of the customer's mail are large and no row shows them.
NOT_IN_A_ROW = (
    "prompt",
    "metadata",
    "revision__html_body",
    *(
        f"reply_to_message__{column}"
        for column in ("plain_body", "html_body", "reply_text", "visible_text", "search")
    ),
)


ASKED_LIMIT = 320  # characters; an address is no longer


def asked(request: HttpRequest, name: str) -> str:
    """What the reader asks a list for, as the database can take it."""
    return request.GET.get(name, "").replace("\0", "").strip()[:ASKED_LIMIT]


def waiting(scope: Scope) -> QuerySet[Draft]:
    """Drafts that wait for a person, in this person's reach."""
    return Draft.objects.within(scope).filter(status=Draft.Status.PENDING)


def for_rows(drafts: QuerySet[Draft]) -> QuerySet[Draft]:
    """With all that a row shows, in one query."""
    return drafts.select_related(*ROW_RELATIONS).defer(*NOT_IN_A_ROW)
