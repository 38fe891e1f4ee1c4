from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

OPEN = ["composing", "pending", "changes_requested", "approved", "sending", "send_failed"]


class Migration(migrations.Migration):
    """Lists of drafts are read by their time, of one inbox and of several."""

    atomic = False
    dependencies = [("drafts", "0002_decisions_found_by_time")]
    operations = [
        AddIndexConcurrently(
            "draft", models.Index(fields=["inbox", "-created_at", "-id"], name="draft_list")
        ),
        AddIndexConcurrently(
            "draft", models.Index(fields=["-created_at", "-id"], name="draft_list_of_all")
        ),
        AddIndexConcurrently(
            "draft",
            models.Index(
                condition=models.Q(("status__in", OPEN)),
                fields=["-created_at", "-id"],
                name="draft_list_of_open",
            ),
        ),
    ]
