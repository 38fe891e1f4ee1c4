"""Which command is the supervisor's own, and which goes on to Django."""

import os
import sys

from mailagent.supervisor import configuration, environment, services, test_run, up
from mailagent.supervisor.refusal import CannotStart

_OWN = {"up": up.run, "test": test_run.run}


def main(argv: list[str]) -> int:
    """Run `manage.py` as called by `argv`. Return the exit code."""
    command, arguments = (argv[1] if len(argv) > 1 else "help"), argv[2:]
    try:
        if command == "install":
            return _install(arguments)
        environment.enter(argv, development=command == "test")
        if command in _OWN:
            return _OWN[command](arguments)
    except CannotStart as refusal:
        print(f"mailagent: {refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    services.find_running(configuration.state_folder(os.environ), os.environ)
    return _django(argv)


def _install(arguments: list[str]) -> int:
    """`manage.py install [--dev]`: make `.venv` and stop there."""
    environment.install(development="--dev" in arguments)
    return 0


def _django(argv: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailagent.settings")
    from django.core.management import execute_from_command_line  # only there by now

    execute_from_command_line(argv)
    return 0
