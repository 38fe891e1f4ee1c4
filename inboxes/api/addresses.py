"""Further addresses of an inbox over the API."""

from typing import ClassVar

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, given, once_named
from accounts.scope import Deed
from inboxes.api.bodies import AddressBody
from inboxes.api.inboxes import shown
from inboxes.own_addresses import add_address, remove_address
from inboxes.reach import find_inbox
from inboxes.serializers import InboxSerializer


class Addresses(ApiView):
    """POST /v1/inboxes/{inbox_id}/addresses"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "manage"}

    @extend_schema(
        operation_id="addAddress",
        tags=["inboxes"],
        request=AddressBody,
        responses={200: InboxSerializer, 201: InboxSerializer},
    )
    def post(self, request: ApiRequest, inbox_id: str) -> HttpResponseBase:
        """Have mail for a further address come to the inbox: 201 with the inbox, 200 where it has
        the address already. `primary` makes it the From. Only on verified domains."""
        inbox = find_inbox(request.auth, inbox_id, "manage")
        body = given(request.data, AddressBody)

        def create() -> Response:
            is_new = add_address(
                inbox, body["address"], is_primary=body["primary"], by=request.auth.actor
            )
            return Response(shown(request.auth, inbox, "manage"), status=201 if is_new else 200)

        return once_named(request, f"addresses:{inbox.pk}", body, create)


class OneAddress(ApiView):
    """DELETE /v1/inboxes/{inbox_id}/addresses/{address}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"DELETE": "manage"}

    @extend_schema(operation_id="removeAddress", tags=["inboxes"], responses={204: None})
    def delete(self, request: ApiRequest, inbox_id: str, address: str) -> Response:
        """Take no more mail for an address. The primary one, and the one that the inbox was opened
        under, stay: 409 `ADDRESS_NEEDED`."""
        inbox = find_inbox(request.auth, inbox_id, "manage")
        remove_address(inbox, address, by=request.auth.actor)
        return Response(status=204)
