"""`manage.py verify_audit`: is the audit record whole?"""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events import audit


class Command(BaseCommand):
    help = "Find any edit, deletion, swap or truncation in the audit record. Exits 1 if there is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", type=UUID, help="Only this one.")

    def handle(self, *args: Any, workspace: UUID | None = None, **options: Any) -> None:
        chains = audit.chains()
        if workspace is not None and workspace not in chains:
            raise CommandError(f"Workspace {workspace} has no audit record.")
        broken = 0
        for chain in chains if workspace is None else [workspace]:
            if faults := audit.verify(chain):
                broken += 1
                self.stderr.write(f"{chain}: {faults[0]} ({len(faults)} in all)")
            else:
                self.stdout.write(f"{chain}: whole")
        if broken:
            raise CommandError(f"{broken} of the chains are broken.")
