"""What is due is found for people's mail and for automatic mail apart."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("outbound", "0004_ways_out_and_what_providers_say"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("status__in", ["queued", "deferred"])),
                fields=["by_person", "next_attempt_at", "id"],
                name="delivery_due_by_lane",
            ),
        ),
        RemoveIndexConcurrently(model_name="delivery", name="delivery_due"),
    ]
