"""The state folder: what is kept there, and where its sockets can stand."""

import contextlib
import hashlib
import json
import os
import re
import secrets
import stat
from pathlib import Path

from mailagent.supervisor.configuration import DOORS, SERVICE_URLS
from mailagent.supervisor.refusal import CannotStart

# sun_path holds 104 octets on BSD and macOS, 108 on Linux; one is the final NUL.
_LONGEST_SOCKET_PATH = 103
_LONGEST_SOCKET_NAME = len("/postgres/.s.PGSQL.5432")
# What survives libpq's host lists, postgresql.conf and three kinds of URL without doubt.
_PLAIN_PATH = re.compile(r"[\w./ -]+", re.ASCII)


def open_state(state: Path) -> None:
    """Make the state folder, for its owner only. Raise CannotStart when it cannot be written."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = state / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"The state folder {state} cannot be written ({error.strerror}). "
            "Set MAILAGENT_STATE to a folder of your own."
        ) from None


def keep_secret_key(state: Path) -> None:
    """Make the key that signs sessions, unless there is one."""
    path = state / "secret-key"
    if path.is_file() and path.read_text().strip():
        return
    new = state / "secret-key.new"
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def socket_folder(state: Path) -> Path:
    """A private folder for unix sockets: `<state>/run`, or a shorter one where that is too long."""
    folder = state / "run"
    longest = len(os.fsencode(folder)) + _LONGEST_SOCKET_NAME
    if longest <= _LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(str(folder)):
        return _private(folder)
    digest = hashlib.sha256(f"{os.getuid()}:{state}".encode()).hexdigest()[:12]
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    with contextlib.suppress(OSError):
        if runtime.stat().st_uid == os.getuid() and len(str(runtime)) < 60:
            return _private(runtime / f"mailagent-{digest}")
    return _private(Path("/tmp") / f"mailagent-{digest}")  # noqa: S108  # verified by _private


def _private(folder: Path) -> Path:
    """`folder`, ours and closed to others; whoever made it before us must have been us."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise CannotStart(
            f"{folder} should hold this system's sockets but belongs to somebody else. "
            "Remove it, or set MAILAGENT_STATE to a folder with a shorter path."
        )
    folder.chmod(0o700)
    return folder


def note_services(state: Path, settings: dict[str, str]) -> None:
    """Let other commands find the services and doors of what was started here."""
    path = state / "services.json"
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(settings, indent=2) + "\n")
    new.replace(path)


def forget_services(state: Path) -> None:
    """The services have stopped."""
    (state / "services.json").unlink(missing_ok=True)


def noted_services(state: Path) -> dict[str, str]:
    """Where the services and doors of `up` on this folder are, by setting, if it runs."""
    try:
        noted = json.loads((state / "services.json").read_text())
    except (OSError, ValueError):
        return {}
    return {name: str(noted[name]) for name in (*SERVICE_URLS, *DOORS) if name in noted}
