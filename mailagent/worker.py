"""`python -m mailagent.worker`: the worker, as `celery -A mailagent.celery worker` starts it.

Celery's command line loads every command it has, and a shell: 8 MiB that the worker never uses.
"""

import argparse
import sys

from mailagent.celery import app


def main(arguments: list[str]) -> int:
    """Work until SIGTERM or SIGINT. The exit code."""
    parser = argparse.ArgumentParser(prog="python -m mailagent.worker", description=__doc__)
    parser.add_argument("--concurrency", type=int, default=4, help="Threads that work (4).")
    parser.add_argument("--loglevel", default="WARNING")
    options = parser.parse_args(arguments)
    worker = app.Worker(
        pool_cls="threads",
        concurrency=options.concurrency,
        loglevel=options.loglevel,
        quiet=True,
        # Workers need not know of each other: the table says who has what.
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
