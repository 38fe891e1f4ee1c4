"""`manage.py verify_domains`: ask the DNS about our domains now, without a worker."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inboxes.addresses import fold_domain
from inboxes.models import Domain
from outbound.domain_names import is_local
from outbound.domains import DomainTaken, check, verdicts_on


class Command(BaseCommand):
    help = "Check the DNS records of every domain, or of those named. Exits 1 if any is not whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="domain")

    def handle(self, *args: Any, names: list[str], **options: Any) -> None:
        domains = Domain.objects.order_by("name", "created_at")
        if names:
            domains = domains.filter(name__in=[fold_domain(name) for name in names])
        if names and not domains.exists():
            raise CommandError("There is no such domain.")
        lacking = sum([self._is_lacking(domain) for domain in domains if not is_local(domain.name)])
        if lacking:
            raise CommandError(f"{lacking} of the domains are not whole.")

    def _is_lacking(self, domain: Domain) -> bool:
        try:
            checked = check(domain, counted=True)
        except DomainTaken as taken:
            self.stdout.write(f"{domain.name}: {taken.sentence}")
            return True
        self.stdout.write(f"{checked.name}: {checked.status}")
        for verdict in verdicts_on(checked):
            record = verdict.record
            shown = "; ".join(verdict.found or ()) or "nothing"
            line = f"  {verdict.status:8} {record.purpose:13} {record.type:5} {record.name}"
            if verdict.status in ("missing", "wrong"):
                line += f"\n           wanted: {record.value}\n           found:  {shown}"
            self.stdout.write(line)
        return checked.status != Domain.Status.VERIFIED
