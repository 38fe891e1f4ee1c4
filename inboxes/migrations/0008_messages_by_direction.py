from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('inboxes', '0007_lists_without_junk_and_unsettled_senders'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(condition=models.Q(('trashed_at', None), models.Q(('status', 'cancelled'), _negated=True)), fields=['inbox', 'direction', '-created_at', '-id'], include=('is_spam',), name='message_by_direction'),
        ),
    ]
