from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inboxes', '0005_lists_of_addresses'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='is_spam',
            field=models.BooleanField(default=False, help_text='In Junk: spam, or infected.'),
        ),
    ]
