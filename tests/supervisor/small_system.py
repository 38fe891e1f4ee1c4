"""What `manage.py up` does, with two small programs in place of the four: started by the tests.

usage: small_system.py STATE [--guardian] [--broken] [--no-namespace] [--stubborn]
"""

import socket
import sys
from pathlib import Path

from mailagent.supervisor import launch, services, state
from mailagent.supervisor.children import Child, StopAsked, Supervisor
from mailagent.supervisor.console import Console
from mailagent.supervisor.lock import only_supervisor
from mailagent.supervisor.refusal import CannotStart

_ANSWER = """
import signal, socket, sys, time
door = socket.socket(socket.AF_UNIX)
door.bind("\\0" + sys.argv[1])
door.listen()
def stop(*_):
    print("stopped", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("hello from", sys.argv[1], flush=True)
while True:
    door.accept()[0].close()
"""
_BREAK = "import sys; print('cannot go on'); sys.exit(3)"


def _answers(name: str) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex("\0" + name) == 0


def _small(name: str, mark: str, program: str) -> Child:
    return Child(
        name=name,
        argv=[sys.executable, "-c", program, mark],
        is_ready=lambda: _answers(mark),
    )


def main() -> int:
    folder, options = Path(sys.argv[1]), sys.argv[2:]
    if "--no-namespace" in options:
        launch.namespaces_work = lambda: False
    console = Console()
    try:
        state.open_state(folder)
        with (
            only_supervisor(folder),
            Supervisor(console, with_guardian="--guardian" in options) as supervisor,
        ):
            children, urls = services.embedded(folder, frozenset())
            supervisor.start(*children)
            state.note_services(folder, urls)
            supervisor.wait_until_ready(*(child.name for child in children))
            program = _BREAK if "--broken" in options else _ANSWER
            if "--stubborn" in options:
                program = program.replace("sys.exit(0)", "pass")
            supervisor.start(
                _small("first", f"small-first-{folder.name}", _ANSWER),
                _small("second", f"small-second-{folder.name}", program),
            )
            supervisor.wait_until_ready("first", "second")
            console.say("small system ready")
            supervisor.run_until_stopped()
    except StopAsked:
        pass
    except CannotStart as refusal:
        console.plain(f"mailagent: {refusal}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
