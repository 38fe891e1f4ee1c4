"""The reports that are due are found at once."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("outbound", "0006_pauses_expiry_and_guard")]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("report_due", True)),
                fields=["message"],
                name="delivery_report_due",
            ),
        ),
    ]
