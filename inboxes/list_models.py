"""Named groups of addresses. Import them from `inboxes.models`."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from events.ids import new_id


class AddressList(models.Model):
    """A named group of addresses, kept beside an inbox by whoever works with it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    inbox = models.ForeignKey("inboxes.Inbox", models.CASCADE, related_name="lists")
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("inbox", Lower("name"), name="list_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ListEntry(models.Model):
    """An address in a list. Once, case folded."""

    list = models.ForeignKey(AddressList, models.CASCADE, related_name="entries")
    address = models.CharField(max_length=320)
    name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "list entries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["list", "address"], name="list_entry_once"),
        ]

    def __str__(self) -> str:
        return self.address
