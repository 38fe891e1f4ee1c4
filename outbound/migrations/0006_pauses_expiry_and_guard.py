"""Switches that hold mail back, mail that is given up early, and the guard of reputations."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_idempotent_calls"),
        ("outbound", "0005_due_by_lane"),
    ]

    operations = [
        migrations.CreateModel(
            name="Home",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("home", models.CharField(max_length=60)),
            ],
        ),
        migrations.CreateModel(
            name="Pause",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reach",
                    models.CharField(
                        choices=[
                            ("installation", "Installation"),
                            ("workspace", "Workspace"),
                            ("domain", "Domain"),
                            ("inbox", "Inbox"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "of",
                    models.UUIDField(
                        blank=True,
                        default=uuid.UUID("00000000-0000-0000-0000-000000000000"),
                        help_text="The id of the workspace, domain or inbox.",
                    ),
                ),
                (
                    "extent",
                    models.CharField(
                        choices=[("everything", "Everything"), ("automatic", "Automatic")],
                        default="everything",
                        max_length=10,
                    ),
                ),
                (
                    "reason",
                    models.TextField(blank=True, help_text="Shown to those whose mail waits."),
                ),
                ("set_by", models.CharField(editable=False, max_length=80)),
                ("set_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="Reputation",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="reputation",
                        serialize=False,
                        to="accounts.workspace",
                    ),
                ),
                (
                    "counted_from",
                    models.DateTimeField(
                        help_text="When sending was resumed: what was before does not count again.",
                        null=True,
                    ),
                ),
                ("warned_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="delivery",
            name="expires_at",
            field=models.DateTimeField(
                help_text="Given up then, where the sender asked for less than five days.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="report_due",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Given up; the sender's inbox is to be told.",
            ),
        ),
        migrations.AddConstraint(
            model_name="pause",
            constraint=models.UniqueConstraint(fields=("reach", "of", "extent"), name="pause_once"),
        ),
        migrations.AddConstraint(
            model_name="pause",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("of", uuid.UUID("00000000-0000-0000-0000-000000000000")),
                        ("reach", "installation"),
                    ),
                    models.Q(
                        models.Q(("reach", "installation"), _negated=True),
                        models.Q(
                            ("of", uuid.UUID("00000000-0000-0000-0000-000000000000")), _negated=True
                        ),
                    ),
                    _connector="OR",
                ),
                name="pause_reach_fits_id",
            ),
        ),
    ]
