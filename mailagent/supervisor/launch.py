"""How a child begins: bound to its parent's life, and under which account."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mailagent.supervisor.refusal import CannotStart

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_CLONE_NEWUSER = 0x10000000  # linux/sched.h
_NOBODY = 65534
ON_LINUX = sys.platform.startswith("linux")
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Account:
    """Who a child is: ourselves, ourselves under another number, or somebody else."""

    name: str = ""
    uid: int = -1
    gid: int = -1
    in_namespace: bool = False

    @property
    def is_other(self) -> bool:
        """Files must change owner for this account to use them."""
        return self.uid >= 0


OURSELVES = Account()
IN_NAMESPACE = Account(in_namespace=True)


def beginning(account: Account, death_signal: int) -> Callable[[], None]:
    """What a forked child does before it executes its program."""
    parent = os.getpid()

    def begin() -> None:
        if account.in_namespace:
            enter_namespace()
        elif account.is_other:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        # Last: a change of credentials would clear it.
        if ON_LINUX:
            _libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)

    return begin


def enter_namespace() -> None:
    """Become uid 65534 in our own eyes; to the rest of the machine nothing changes."""
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {gid} 1")


def namespaces_work() -> bool:
    """Whether this machine lets us make a user namespace."""
    if not ON_LINUX:
        return False
    try:
        subprocess.run(
            [sys.executable, "-S", "-c", ""],
            preexec_fn=enter_namespace,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def account_for_postgres(*needs: Path) -> Account:
    """Whom PostgreSQL runs as: it refuses root. `needs` are the paths it must reach.

    Raise CannotStart when there is nobody.
    """
    if os.geteuid() != 0:
        return OURSELVES
    if namespaces_work():
        return IN_NAMESPACE
    unreachable: list[str] = []
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        closed = next((path for need in needs if (path := _closed_to(need, entry.pw_uid))), None)
        if closed is None:
            return Account(name, entry.pw_uid, entry.pw_gid)
        unreachable.append(f"the account {name} may not enter {closed}")
    because = "; ".join(unreachable) or "there is no account `postgres` or `nobody`"
    raise CannotStart(
        "PostgreSQL does not run as root, this machine allows no user namespace, and "
        f"{because}. Run mailagent as an ordinary user, put the checkout where others may "
        "enter, or set DATABASE_URL to a PostgreSQL of your own."
    )


def _closed_to(path: Path, uid: int) -> Path | None:
    """The first folder above `path` that `uid` may not enter."""
    for folder in reversed(path.resolve().parents):
        found = folder.stat()
        if not found.st_mode & (0o100 if found.st_uid == uid else 0o001):
            return folder
    return None
