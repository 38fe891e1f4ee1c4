#!/usr/bin/env python3
"""mailagent's commands: `python3 manage.py up` starts everything, `test` tests everything.

This file must be readable to any Python 3, to be able to say that it is too old.
"""

import sys


def main() -> None:
    """Hand over to mailagent.supervisor.commands."""
    if sys.version_info < (3, 11):  # noqa: UP036
        found = ".".join(str(number) for number in sys.version_info[:3])
        sys.exit("mailagent needs Python 3.11 or newer, and this is Python " + found + ".")
    if sys.platform == "win32":
        sys.exit("mailagent runs on Linux and macOS. On Windows, use WSL.")

    from mailagent.supervisor import commands

    sys.exit(commands.main(sys.argv))


if __name__ == "__main__":
    main()
