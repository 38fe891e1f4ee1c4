from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0002_webhooks'),
    ]

    operations = [
        migrations.AddField(
            model_name='webhook',
            name='include_spam',
            field=models.BooleanField(default=False, help_text='Told of what went to Junk, too.'),
        ),
    ]
