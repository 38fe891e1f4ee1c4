"""Bring the database up to date and make the demo workspace: one process, one import of Django."""

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    """Both are idempotent."""
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("bootstrap")
    settings.STATIC_ROOT.mkdir(exist_ok=True)


if __name__ == "__main__":
    main()
