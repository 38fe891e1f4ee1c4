"""Several processes on one listening socket: Python runs one thread at a time, machines have more.

The parent opens the socket, forks, and from then on only waits: it starts a child anew that has
died, and passes a stop on. Children end when the parent is gone, whatever killed it.
"""

import gc
import logging
import os
import signal
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

RESTART_DELAY = 1.0  # seconds
# A letter is a few thousand objects, none of them in a circle: looked for once in many letters.
_OBJECTS_BETWEEN_COLLECTIONS = 20_000


def run_in(count: int, work: Callable[[int | None], None]) -> None:
    """Run `work` in `count` processes until SIGTERM or SIGINT, which they get, too.

    `work` is given a file descriptor that becomes readable when the parent is gone (None when
    there is only this process). There may be no threads and no open connections yet.
    """
    if count <= 1:
        work(None)
        return
    _Parent(count, work).run()


class _Parent:
    def __init__(self, count: int, work: Callable[[int | None], None]) -> None:
        self.count = count
        self.work = work
        self.children: set[int] = set()
        self.stopping = False
        self.alive, self.held = os.pipe()  # nobody writes: it ends when the parent does

    def run(self) -> None:
        gc.freeze()  # What is loaded by now stays shared between the processes.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())
        for _ in range(self.count):
            self._start()
        while self.children:
            child, status = os.wait()
            self.children.discard(child)
            if not self.stopping:
                code = os.waitstatus_to_exitcode(status)
                logger.error("mail process %d ended with %d; starting another", child, code)
                time.sleep(RESTART_DELAY)
                self._start()

    def _start(self) -> None:
        if self.stopping:
            return
        child = os.fork()
        if child:
            self.children.add(child)
            return
        code = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            os.close(self.held)
            gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
            self.work(self.alive)
            code = 0
        except Exception:  # a child's last word; it must not return into its parent's code
            logger.exception("a mail process failed")
        finally:
            logging.shutdown()
            os._exit(code)

    def _stop(self) -> None:
        self.stopping = True
        for child in self.children:
            os.kill(child, signal.SIGTERM)
