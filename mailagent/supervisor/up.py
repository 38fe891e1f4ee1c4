"""`manage.py up`: the whole system on this machine, until somebody asks it to stop."""

import os
import sys
import time
from collections.abc import Callable, Mapping

from mailagent.supervisor import configuration, demo_file, readiness, services, state
from mailagent.supervisor.children import Child, StopAsked, Supervisor
from mailagent.supervisor.configuration import ROOT, Configuration
from mailagent.supervisor.console import Console
from mailagent.supervisor.lock import only_supervisor

_PARTS = ("web", "mail", "worker", "beat")


def run(arguments: list[str]) -> int:
    """Serve until Ctrl-C, SIGTERM or SIGHUP. Raise CannotStart, with nothing left running."""
    if arguments:
        print(_USAGE)
        return 0 if arguments[0] in ("-h", "--help") else 2
    began = time.monotonic()
    console = Console()
    settings = configuration.read(os.environ)
    state.open_state(settings.state)
    with only_supervisor(settings.state):
        readiness.doors_are_free(settings)
        state.keep_secret_key(settings.state)
        with Supervisor(console) as supervisor:
            try:
                _serve(supervisor, console, settings, began)
            except StopAsked:
                pass
            finally:
                state.forget_services(settings.state)
            console.say("stopping ...")
            stopping = time.monotonic()
            supervisor.stop()
            console.say(f"stopped in {time.monotonic() - stopping:.1f} s.")
    return 0


def _serve(supervisor: Supervisor, console: Console, settings: Configuration, began: float) -> None:
    children, urls = services.embedded(settings.state, settings.given)
    environment = children_environment(settings, urls)
    supervisor.start(*children)
    doors = {name: str(port) for name, port in settings.doors()}
    state.note_services(settings.state, urls | doors | {"MAILAGENT_BIND": settings.bind})
    supervisor.wait_until_ready(*(child.name for child in children), seconds=300)
    supervisor.run_step(preparation(environment))
    supervisor.start(*parts(settings, environment))
    supervisor.wait_until_ready(*_PARTS, seconds=90)
    console.plain(demo_file.welcome(settings))
    console.say(f"ready in {time.monotonic() - began:.1f} s. Ctrl-C stops everything.")
    supervisor.run_until_stopped()


def children_environment(settings: Configuration, urls: Mapping[str, str]) -> dict[str, str]:
    """What each of our programs is told."""
    return {
        "MALLOC_ARENA_MAX": "2",  # threads would each take an arena, and keep it
        **os.environ,
        **urls,
        "DJANGO_SETTINGS_MODULE": "mailagent.settings",
        "MAILAGENT_STATE": str(settings.state),
        "MAILAGENT_SUPERVISED": "1",
        "PYTHONUNBUFFERED": "1",
    }


def preparation(environment: Mapping[str, str]) -> Child:
    """Migrations and the demo workspace."""
    return Child(
        name="prepare",
        argv=[sys.executable, "-m", "mailagent.supervisor.prepare"],
        environment=environment,
        folder=ROOT,
    )


def parts(settings: Configuration, environment: Mapping[str, str]) -> list[Child]:
    """The four processes, in the order in which they are told to stop."""
    host, bind = settings.reachable_at, settings.bind
    web_port, smtp_port = settings.web_port, settings.smtp_port
    # Celery's word against root is for those who take pickles from strangers.
    calm = ["-W", "ignore:You're running the worker with superuser privileges"]

    def part(name: str, argv: list[str], is_ready: Callable[[], bool] | None = None) -> Child:
        return Child(
            name=name,
            argv=[sys.executable, *argv],
            environment=environment,
            folder=ROOT,
            is_ready=is_ready,
        )

    return [
        part(
            "web",
            [
                *("-m", "mailagent.web", "-b", bind, "-p", str(web_port), "--no-server-name"),
                *("-v", "0", "--application-close-timeout", "2", "mailagent.asgi:application"),
            ],
            lambda: readiness.web_answers(host, web_port),
        ),
        part(
            "mail",
            [str(ROOT / "manage.py"), "serve_mail"],
            lambda: readiness.smtp_greets(host, smtp_port),
        ),
        part(
            "worker",
            [*calm, "-m", "mailagent.worker"],
        ),
        part(
            "beat",
            ["-m", "mailagent.beat", "--schedule", str(settings.state / "beat-schedule")],
        ),
    ]


_USAGE = """\
usage: manage.py up

Start PostgreSQL, Valkey, web, mail, worker and beat on this machine, and keep them running.
Settings come from the environment: MAILAGENT_STATE (var), MAILAGENT_WEB_PORT (8000),
MAILAGENT_SMTP_PORT (2525), MAILAGENT_BIND (127.0.0.1), MAILAGENT_TRANSPORT (catcher),
MAILAGENT_DNS, MAILAGENT_HOSTNAME, MAILAGENT_SECRET_KEY; and DATABASE_URL, REDIS_URL,
CELERY_BROKER_URL: what is given is used, and not started."""
