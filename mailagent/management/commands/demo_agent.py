"""Runs the worked example against this machine's demo workspace."""

import json
import os
import runpy
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from websockets.exceptions import WebSocketException

EXAMPLE = settings.BASE_DIR / "examples" / "triage_agent.py"


class Command(BaseCommand):
    help = "Runs examples/triage_agent.py on the demo inbox, until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", help="Where the API is; default: as in <state>/demo.json.")

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.STATE / "demo.json"
        if not path.is_file():
            raise CommandError(f"There is no {path}. Start the system first: manage.py up")
        demo = json.loads(path.read_text())
        os.environ.setdefault("MAILAGENT_URL", options["url"] or demo["web"])
        os.environ.setdefault("MAILAGENT_API_KEY", demo["inbox"]["apiKey"])
        try:
            runpy.run_path(str(EXAMPLE), run_name="__main__")
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
        except (OSError, WebSocketException) as error:
            url = os.environ["MAILAGENT_URL"]
            raise CommandError(f"The connection to {url} ended: {error}. Is it running?") from error
