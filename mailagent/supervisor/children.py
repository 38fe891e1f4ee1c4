"""The supervisor's heart: start children, show what they say, bring them back, stop them in order.

One thread does everything, so that a child is bound to the process and not to a passing thread
(PR_SET_PDEATHSIG means the parent *thread*), and so that nothing needs a lock.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from mailagent.supervisor import launch
from mailagent.supervisor.console import Console
from mailagent.supervisor.guardian import Guardian
from mailagent.supervisor.launch import OURSELVES, Account
from mailagent.supervisor.refusal import CannotStart, last_lines

_RESTART_AFTER = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_PROBE_EVERY = 0.1
_STEADY_SECONDS = 10.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(Exception):
    """Ctrl-C, SIGTERM or SIGHUP while something else was being waited for."""


def _nothing() -> None:
    """What has to be done before most children start."""


@dataclass(frozen=True)
class Child:
    """A process to keep alive."""

    name: str
    argv: Sequence[str]
    is_ready: Callable[[], bool] | None = None  # none: as soon as it runs
    environment: Mapping[str, str] | None = None
    folder: Path | None = None
    account: Account = OURSELVES
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL  # when the supervisor itself was killed
    patience: float = 2.5  # seconds from stop_signal to last_signal
    last_signal: int = signal.SIGKILL
    before_start: Callable[[], None] = _nothing
    unsaid: bytes | None = None  # lines with these words are not worth showing


@dataclass
class _Running:
    """What is known of one child now."""

    child: Child
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    ready: bool = False
    failures: int = 0  # in a row, without having been ready
    due_at: float | None = None
    probe_at: float = 0.0
    unfinished: bytes = b""
    last_words: list[str] = field(default_factory=list)

    @property
    def living(self) -> subprocess.Popen[bytes]:
        """The process, where there must be one."""
        if self.process is None:
            raise RuntimeError(f"{self.child.name} has no process")
        return self.process


class Supervisor:
    """Keeps children alive, from the main thread: `with Supervisor(console) as supervisor`."""

    def __init__(self, console: Console, *, with_guardian: bool = not launch.ON_LINUX) -> None:
        self._console = console
        self._selector = selectors.DefaultSelector()
        self._running: dict[str, _Running] = {}
        self._stop_asked = False
        self._guardian = Guardian() if with_guardian else None
        self._handlers: dict[int, object] = {}
        self._wakeup_read, self._wakeup_write = os.pipe()

    def __enter__(self) -> "Supervisor":
        for end in (self._wakeup_read, self._wakeup_write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wakeup_write, warn_on_full_buffer=False)
        self._selector.register(self._wakeup_read, selectors.EVENT_READ, None)
        for number in _STOP_SIGNALS:
            # Under `nohup` a closed terminal is no wish to stop.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._ask_to_stop)
        self._handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._selector.close()
        os.close(self._wakeup_read)
        os.close(self._wakeup_write)
        if self._guardian:
            self._guardian.dismiss()

    # --- Deeds ------------------------------------------------------------------------------

    def start(self, *children: Child) -> None:
        """Start each child and keep it alive from now on."""
        for child in children:
            self._running[child.name] = _Running(child)
            self._launch(self._running[child.name])

    def wait_until_ready(self, *names: str, seconds: float = 60.0) -> None:
        """Raise CannotStart, with its last words, for a child that ends or stays silent."""
        deadline = time.monotonic() + seconds
        waited_for = [self._running[name] for name in names]
        while not all(running.ready for running in waited_for):
            self._turn(_PROBE_EVERY / 4)
            if self._stop_asked:
                raise StopAsked
            for running in waited_for:
                if running.failures > 2:
                    raise CannotStart(_obituary(running, "ended as soon as it was started"))
                if not running.ready and time.monotonic() > deadline:
                    raise CannotStart(_obituary(running, f"was not ready after {seconds:.0f} s"))

    def run_step(self, child: Child, *, shown: bool = True) -> int:
        """Run something that ends by itself. Return its exit code; children live on meanwhile.

        Not `shown`: it has the terminal to itself instead of a prefix.
        """
        running = _Running(child)
        self._spawn(running, piped=shown)
        process = running.living
        try:
            while process.poll() is None:
                self._turn(0.5)
                if self._stop_asked:
                    raise StopAsked
        finally:
            if process.poll() is None:
                process.send_signal(child.stop_signal)
                _wait(process, child.patience)
            self._close(running)
        if process.returncode and shown:
            raise CannotStart(_obituary(running, f"failed ({_ending(process)})"))
        return process.returncode

    def run_until_stopped(self) -> None:
        """Keep all children alive until somebody asks to stop."""
        while not self._stop_asked:
            self._turn(self._next_deadline())

    def stop(self) -> None:
        """Stop all, the last started services last: first the programs, then what they stand on.

        Programs are told in order and wind down together; a service hears nothing before all
        that use it have ended. A second Ctrl-C kills the programs that still wind down.
        """
        self._stop_asked = False
        running = [one for one in self._running.values() if one.process]
        self._running = {}
        programs = [one for one in running if not isinstance(one.child, Service)]
        services = [one for one in running if isinstance(one.child, Service)]
        self._end_together(programs)
        for service in reversed(services):
            self._end_together([service])

    # --- One turn of the loop ---------------------------------------------------------------

    def _turn(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            if isinstance(key.data, _Running):
                self._read(key.data)
            else:
                os.read(self._wakeup_read, 4096)
        now = time.monotonic()
        for running in self._running.values():
            if running.process and running.process.poll() is not None:
                self._bury(running, now)
            elif running.due_at is not None and running.due_at <= now:
                self._launch(running)
            elif running.process and not running.ready and running.probe_at <= now:
                self._probe(running)

    def _next_deadline(self) -> float:
        now = time.monotonic()
        moments = [one.due_at for one in self._running.values() if one.due_at is not None]
        moments += [one.probe_at for one in self._running.values() if not one.ready]
        return max(0.01, min([*moments, now + 1.0]) - now)

    def _probe(self, running: _Running) -> None:
        running.ready = running.child.is_ready is None or running.child.is_ready()
        running.probe_at = time.monotonic() + _PROBE_EVERY
        if running.ready and running.failures and running.child.is_ready:
            self._console.say(f"{running.child.name} is back.")
            running.failures = 0

    def _bury(self, running: _Running, now: float) -> None:
        how = _ending(running.living)
        self._close(running)
        told_ready = running.ready and running.child.is_ready is not None
        lived_well = told_ready or now - running.started_at > _STEADY_SECONDS
        running.failures = 1 if lived_well else running.failures + 1
        delay = _RESTART_AFTER[min(running.failures, len(_RESTART_AFTER)) - 1]
        running.due_at = now + delay
        running.process, running.ready = None, False
        again = f", {running.failures} times in a row" if running.failures > 1 else ""
        self._console.say(f"{running.child.name} ended ({how}){again}; again in {delay:g} s.")

    # --- Processes and what they say --------------------------------------------------------

    def _launch(self, running: _Running) -> None:
        try:
            running.child.before_start()
            self._spawn(running, piped=True)
        except (OSError, subprocess.SubprocessError) as error:
            running.failures += 1
            delay = _RESTART_AFTER[min(running.failures, len(_RESTART_AFTER)) - 1]
            running.due_at = time.monotonic() + delay
            running.last_words = [str(error)]
            self._console.say(f"{running.child.name} cannot be started: {error}")

    def _spawn(self, running: _Running, *, piped: bool) -> None:
        child = running.child
        running.process = subprocess.Popen(
            child.argv,
            env=child.environment,
            cwd=child.folder,
            stdin=subprocess.DEVNULL if piped else None,
            stdout=subprocess.PIPE if piped else None,
            stderr=subprocess.STDOUT if piped else None,
            # Ctrl-C in the terminal is for us: children hear of it in order.
            start_new_session=piped,
            preexec_fn=launch.beginning(child.account, child.death_signal),
        )
        running.started_at = running.probe_at = time.monotonic()
        running.due_at, running.ready, running.unfinished = None, False, b""
        if self._guardian:
            self._guardian.watch(running.process.pid, child.death_signal)
        if running.process.stdout:
            os.set_blocking(running.process.stdout.fileno(), False)
            self._selector.register(running.process.stdout, selectors.EVENT_READ, running)

    def _read(self, running: _Running) -> bool:
        """Show what a child has said. False when there is no more."""
        stdout = running.living.stdout
        if stdout is None:
            return False
        try:
            said = os.read(stdout.fileno(), 65536)
        except BlockingIOError:
            return False
        if not said:
            self._selector.unregister(stdout)
            return False
        *lines, running.unfinished = (running.unfinished + said).split(b"\n")
        for line in lines:
            if running.child.unsaid is None or running.child.unsaid not in line:
                self._show(running, line)
        return True

    def _show(self, running: _Running, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        running.last_words = [*running.last_words[-19:], text]
        self._console.line(running.child.name, text)

    def _close(self, running: _Running) -> None:
        """Take leave of a process that has ended, hearing its last words."""
        if self._guardian:
            self._guardian.forget(running.living.pid)
        if stdout := running.living.stdout:
            while stdout.fileno() in self._selector.get_map() and self._read(running):
                pass
            if stdout.fileno() in self._selector.get_map():
                self._selector.unregister(stdout)
            stdout.close()
        if running.unfinished:
            self._show(running, running.unfinished)
            running.unfinished = b""

    # --- Stopping ---------------------------------------------------------------------------

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_asked = True

    def _end_together(self, group: list[_Running]) -> None:
        began = time.monotonic()
        for running in group:
            running.living.send_signal(running.child.stop_signal)
        left = list(group)
        while left:
            self._turn(0.02)
            for running in list(left):
                hastened = self._stop_asked and not isinstance(running.child, Service)
                late = time.monotonic() - began > running.child.patience
                if running.living.poll() is None and (late or hastened):
                    self._console.say(f"{running.child.name} does not stop; ending it.")
                    running.living.send_signal(running.child.last_signal)
                    _wait(running.living, 1.0)
                if running.living.poll() is not None:
                    self._close(running)
                    left.remove(running)


class Service(Child):
    """A child that others stand on: stopped after them, the first started last."""


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ending(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _obituary(running: _Running, what: str) -> str:
    words = last_lines("\n".join(running.last_words))
    return f"{running.child.name} {what}." + (f" It said:\n{words}" if words else "")
