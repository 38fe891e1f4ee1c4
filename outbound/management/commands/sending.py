"""Hold mail back, and let it leave again. Without an argument: what is held back now."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Workspace
from inboxes.addresses import fold_address, fold_domain
from inboxes.models import Domain, Inbox
from outbound.models import Pause
from outbound.pause_models import NOBODY
from outbound.pauses import sentences
from outbound.switching import Switch, pause, resume

Reach = Pause.Reach
BY = "manage.py"


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", nargs="?", choices=["pause", "resume"])
        whose = parser.add_mutually_exclusive_group()
        whose.add_argument("--workspace", help="Its id. Without one of these: the installation.")
        whose.add_argument("--domain", help="Its name.")
        whose.add_argument("--inbox", help="Its address.")
        parser.add_argument(
            "--automatic", action="store_true", help="What people approve leaves all the same."
        )
        parser.add_argument("--reason", default="", help="Shown to those whose mail waits.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["deed"] is None:
            for sentence in sentences():
                self.stdout.write(sentence)
            return
        switch = self._switch(options)
        if options["deed"] == "pause":
            pause(switch, reason=options["reason"], by=BY)
            self.stdout.write("Paused. What is queued waits.")
        elif resume(switch, by=BY):
            self.stdout.write("Resumed. What waited leaves now.")
        else:
            raise CommandError("This was not paused. Without an argument, I tell what is.")

    def _switch(self, options: dict[str, Any]) -> Switch:
        extent = Pause.Extent.AUTOMATIC if options["automatic"] else Pause.Extent.EVERYTHING
        if given := options["workspace"]:
            return Switch(Reach.WORKSPACE, self._workspace(given), extent)
        if given := options["domain"]:
            domain = Domain.objects.held().filter(name=fold_domain(given)).first()
            return Switch(Reach.DOMAIN, self._found(domain), extent)
        if given := options["inbox"]:
            inbox = Inbox.objects.filter(addresses__address=fold_address(given)).first()
            return Switch(Reach.INBOX, self._found(inbox), extent)
        return Switch(Reach.INSTALLATION, NOBODY, extent)

    def _workspace(self, given: str) -> UUID:
        try:
            return self._found(Workspace.objects.filter(pk=UUID(given)).first())
        except ValueError:
            raise CommandError("A workspace is named by its id.") from None

    @staticmethod
    def _found(row: Workspace | Domain | Inbox | None) -> UUID:
        if row is None:
            raise CommandError("There is no such thing.")
        return row.pk
