from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('inboxes', '0006_messages_in_junk'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(condition=models.Q(('trashed_at', None), models.Q(('status', 'cancelled'), _negated=True)), fields=['inbox', '-created_at', '-id'], include=('is_spam',), name='message_listed'),
        ),
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(condition=models.Q(('authentication__unsettled', True)), fields=['received_at'], name='message_unsettled'),
        ),
        RemoveIndexConcurrently(
            model_name='message',
            name='message_list',
        ),
    ]
