"""`manage.py doctor`: is everything as mail needs it?"""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error

from mailagent.doctor import doors, names, stores
from mailagent.doctor.findings import Check, Finding, fault

CHECKS: dict[str, Check] = {
    "host": names.host,
    "domains": names.domains,
    "ports": doors.ports,
    "tls": doors.certificate,
    "postgresql": stores.database,
    "queue": stores.queue,
    "valkey": stores.valkey,
    "disk": stores.disk,
    "key": stores.secret_key,
}


def findings() -> Iterator[Finding]:
    """Every check's, in their order. The database away is a finding, too."""
    for name, check in CHECKS.items():
        try:
            yield from check()
        except Error as error:
            says = f"The database cannot be asked: {type(error).__name__}."
            yield fault(name, says, "Start PostgreSQL, or correct DATABASE_URL.")


class Command(BaseCommand):
    help = "Look at DNS, ports, TLS, domains, clock, queue, disk, database. Exits 1 on a fault."
    requires_system_checks: list[str] = []  # what they would refuse is told here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="One object, for programs.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(findings())
        if options["json"]:
            self.stdout.write(json.dumps({"findings": [asdict(each) for each in found]}))
        else:
            for each in found:
                self.stdout.write(f"{each.level:8} {each.about}: {each.says} {each.do}".rstrip())
        if any(each.level == "fault" for each in found):
            raise SystemExit(1)
