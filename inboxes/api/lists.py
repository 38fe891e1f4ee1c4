"""Named groups of addresses over the API."""

# ruff: noqa: N815 - names on the wire

from typing import Any, ClassVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, asked, given, once_named
from accounts.scope import Deed
from accounts.serializers import one_line
from accounts.telling import Telling
from events.errors import Conflict, Invalid, Missing
from events.wire import ClientId, PageQuery, Pagination, StrictSerializer, short_page
from inboxes.addresses import fold_address, parse_mailbox
from inboxes.models import AddressList, Inbox, ListEntry
from inboxes.reach import find_inbox


class NameTaken(Conflict):
    """The inbox has a list of that name."""

    code = "NAME_TAKEN"


class ListSerializer(Telling[AddressList]):
    """A named group of addresses."""

    id = serializers.UUIDField()
    inboxId = serializers.UUIDField(source="inbox_id")
    name = serializers.CharField()
    entryCount = serializers.IntegerField(source="entry_count")
    createdAt = serializers.DateTimeField(source="created_at")


class EntrySerializer(Telling[ListEntry]):
    address = serializers.CharField()
    name = serializers.CharField()
    createdAt = serializers.DateTimeField(source="created_at")


class ListPatch(StrictSerializer):
    """A list's new name."""

    schema_rules = {"minProperties": 1}
    name = serializers.CharField(max_length=120, validators=[one_line])


@extend_schema_serializer(
    examples=[OpenApiExample("A list", value={"name": "Beta testers"}, request_only=True)]
)
class ListBody(ListPatch):
    """A list to make."""

    clientId = ClientId()


class EntriesBody(StrictSerializer):
    """Addresses to put into a list."""

    addresses = serializers.ListField(
        child=serializers.CharField(max_length=500),
        min_length=1,
        max_length=1000,
        help_text="Each as `ann@example.com` or `Ann <ann@example.com>`.",
    )
    clientId = ClientId()


class ListQuery(StrictSerializer, PageQuery):
    pass


class ListPage(serializers.Serializer[Any]):
    lists = ListSerializer(many=True)
    pagination = Pagination()


class EntryPage(serializers.Serializer[Any]):
    entries = EntrySerializer(many=True)
    pagination = Pagination()


class EntriesTold(serializers.Serializer[Any]):
    entries = EntrySerializer(many=True)


def find_list(inbox: Inbox, list_id: UUID) -> AddressList:
    """That list of the inbox, with its `entry_count`. Raises Missing."""
    counted = inbox.lists.annotate(entry_count=Count("entries"))
    if (found := counted.filter(pk=list_id).first()) is None:
        raise Missing
    return found


def save(named: AddressList) -> None:
    """Raises NameTaken; the case of letters makes no other name."""
    try:
        with transaction.atomic():
            named.save()
    except IntegrityError as error:
        raise NameTaken("This inbox has a list of that name.") from error


def entries_of(named: AddressList, texts: list[str]) -> list[ListEntry]:
    """One entry for each address; of one that stands twice, the last. Raises Invalid."""
    entries = {}
    for text in texts:
        try:
            mailbox = parse_mailbox(text)
        except ValueError as error:
            raise Invalid.field("addresses", f"{text[:100]}: {error}") from error
        address = fold_address(mailbox.addr_spec)
        entries[address] = ListEntry(list=named, address=address, name=mailbox.name[:120])
    return list(entries.values())


MANAGED: dict[str, Deed | None] = {
    "GET": "read",
    "POST": "manage",
    "PATCH": "manage",
    "DELETE": "manage",
}


class Lists(ApiView):
    """GET and POST /v1/inboxes/{inbox_id}/lists"""

    deeds: ClassVar[dict[str, Deed | None]] = MANAGED

    @extend_schema(
        operation_id="listLists", tags=["lists"], parameters=[ListQuery], responses=ListPage
    )
    def get(self, request: ApiRequest, inbox_id: str) -> Response:
        """The lists of an inbox, by name."""
        asked(request, ListQuery)
        found = find_inbox(request.auth, inbox_id).lists.annotate(entry_count=Count("entries"))
        answer = short_page(
            request, found.order_by("name", "id"), plural="lists", serialize=ListSerializer.every
        )
        return Response(answer)

    @extend_schema(
        operation_id="createList", tags=["lists"], request=ListBody, responses={201: ListSerializer}
    )
    def post(self, request: ApiRequest, inbox_id: str) -> HttpResponseBase:
        """Make a list, with nothing in it. A name that another list has is 409 `NAME_TAKEN`."""
        inbox = find_inbox(request.auth, inbox_id, "manage")
        body = given(request.data, ListBody)

        def create() -> Response:
            made = AddressList(inbox=inbox, **body)
            save(made)
            return Response(ListSerializer(find_list(inbox, made.pk)).data, status=201)

        return once_named(request, f"lists:{inbox.pk}", body, create)


class OneList(ApiView):
    """GET, PATCH and DELETE /v1/inboxes/{inbox_id}/lists/{list_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = MANAGED

    @extend_schema(operation_id="getList", tags=["lists"], responses=ListSerializer)
    def get(self, request: ApiRequest, inbox_id: str, list_id: UUID) -> Response:
        """A list, without its entries."""
        return Response(ListSerializer(find_list(find_inbox(request.auth, inbox_id), list_id)).data)

    @extend_schema(
        operation_id="renameList", tags=["lists"], request=ListPatch, responses=ListSerializer
    )
    def patch(self, request: ApiRequest, inbox_id: str, list_id: UUID) -> Response:
        """Give a list another name."""
        named = find_list(find_inbox(request.auth, inbox_id, "manage"), list_id)
        named.name = given(request.data, ListPatch)["name"]
        save(named)
        return Response(ListSerializer(named).data)

    @extend_schema(operation_id="deleteList", tags=["lists"], responses={204: None})
    def delete(self, request: ApiRequest, inbox_id: str, list_id: UUID) -> Response:
        """Delete a list with its entries."""
        find_list(find_inbox(request.auth, inbox_id, "manage"), list_id).delete()
        return Response(status=204)


class Entries(ApiView):
    """GET and POST /v1/inboxes/{inbox_id}/lists/{list_id}/entries"""

    deeds: ClassVar[dict[str, Deed | None]] = MANAGED

    @extend_schema(
        operation_id="listEntries", tags=["lists"], parameters=[ListQuery], responses=EntryPage
    )
    def get(self, request: ApiRequest, inbox_id: str, list_id: UUID) -> Response:
        """The addresses in a list, by address."""
        asked(request, ListQuery)
        named = find_list(find_inbox(request.auth, inbox_id), list_id)
        found = named.entries.order_by("address")
        return Response(
            short_page(request, found, plural="entries", serialize=EntrySerializer.every)
        )

    @extend_schema(
        operation_id="addEntries",
        tags=["lists"],
        request=EntriesBody,
        responses={201: EntriesTold},
    )
    def post(self, request: ApiRequest, inbox_id: str, list_id: UUID) -> HttpResponseBase:
        """Put addresses into a list, all or none. One that is in it already takes the new name."""
        named = find_list(find_inbox(request.auth, inbox_id, "manage"), list_id)
        body = given(request.data, EntriesBody)
        entries = entries_of(named, body["addresses"])

        def create() -> Response:
            ListEntry.objects.bulk_create(
                entries,
                update_conflicts=True,
                unique_fields=["list", "address"],
                update_fields=["name"],
            )
            return Response({"entries": EntrySerializer.every(entries)}, status=201)

        return once_named(request, f"entries:{named.pk}", body, create)


class OneEntry(ApiView):
    """DELETE /v1/inboxes/{inbox_id}/lists/{list_id}/entries/{address}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"DELETE": "manage"}

    @extend_schema(operation_id="removeEntry", tags=["lists"], responses={204: None})
    def delete(self, request: ApiRequest, inbox_id: str, list_id: UUID, address: str) -> Response:
        """Take an address out of a list."""
        named = find_list(find_inbox(request.auth, inbox_id, "manage"), list_id)
        if "\0" in address or not named.entries.filter(address=fold_address(address)).delete()[0]:
            raise Missing
        return Response(status=204)
