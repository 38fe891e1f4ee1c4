"""What keeps mail from leaving. Import them from `outbound.models`."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Workspace

NOBODY = UUID(int=0)  # what the installation's own pauses are of


class Pause(models.Model):
    """A switch that is off: what it reaches waits in the queue until it is on again."""

    class Reach(models.TextChoices):
        INSTALLATION = "installation"
        WORKSPACE = "workspace"
        DOMAIN = "domain"
        INBOX = "inbox"

    class Extent(models.TextChoices):
        EVERYTHING = "everything"
        AUTOMATIC = "automatic"  # what people approve leaves all the same

    reach = models.CharField(max_length=12, choices=Reach)
    of = models.UUIDField(
        default=NOBODY, blank=True, help_text="The id of the workspace, domain or inbox."
    )
    extent = models.CharField(max_length=10, choices=Extent, default=Extent.EVERYTHING)
    reason = models.TextField(blank=True, help_text="Shown to those whose mail waits.")
    set_by = models.CharField(max_length=80, editable=False)
    set_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reach", "of", "extent"], name="pause_once"),
            models.CheckConstraint(
                name="pause_reach_fits_id",
                condition=Q(reach="installation", of=NOBODY)
                | (~Q(reach="installation") & ~Q(of=NOBODY)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.extent} of the {self.reach}"


class Home(models.Model):
    """The database these rows live in. Where it is another one, they were restored there."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    home = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.home


class Reputation(models.Model):
    """What the guard knows of a workspace beside the figures themselves."""

    workspace = models.OneToOneField(
        Workspace, models.CASCADE, primary_key=True, related_name="reputation"
    )
    counted_from = models.DateTimeField(
        null=True, help_text="When sending was resumed: what was before does not count again."
    )
    warned_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"reputation of {self.workspace_id}"
