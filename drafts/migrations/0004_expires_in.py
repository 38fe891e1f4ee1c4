"""A mail may ask to be given up before five days are over."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("drafts", "0003_drafts_listed_by_time"),
    ]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="expires_in",
            field=models.PositiveIntegerField(
                help_text="Seconds in which it is to be delivered; empty: five days.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="draft",
            name="review_reason",
            field=models.CharField(
                blank=True,
                help_text="Why a person is asked: a policy's own words.",
                max_length=300,
            ),
        ),
    ]
