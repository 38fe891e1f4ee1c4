"""What cannot be done is said in a sentence, with a failing exit code and nothing left running."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mailagent.supervisor import configuration, launch, postgres, readiness, state, valkey
from mailagent.supervisor.refusal import CannotStart
from tests.supervisor.conftest import ROOT, processes_with


def up(folder: Path, **settings: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up"],
        env={**os.environ, "MAILAGENT_STATE": str(folder), **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("setting", ["MAILAGENT_WEB_PORT", "MAILAGENT_SMTP_PORT"])
def test_a_taken_port_is_named_with_its_setting(tmp_path: Path, setting: str) -> None:
    ports = {"MAILAGENT_WEB_PORT": "18991", "MAILAGENT_SMTP_PORT": "18992"}
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])

        code, said = up(tmp_path / "state", **ports | {setting: taken})

    assert code == 1
    assert f"Port {taken} on 127.0.0.1 is taken by another program. Set {setting}" in said
    assert processes_with(str(tmp_path)) == []


@pytest.mark.parametrize("text", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CannotStart, match="MAILAGENT_WEB_PORT must be a port number"):
        configuration.read({"MAILAGENT_WEB_PORT": text})


def test_two_servers_on_one_port_are_refused() -> None:
    with pytest.raises(CannotStart, match="must differ"):
        configuration.read({"MAILAGENT_WEB_PORT": "2525"})


def test_an_address_of_another_machine_is_refused() -> None:
    elsewhere = configuration.read({"MAILAGENT_BIND": "192.0.2.1"})

    with pytest.raises(CannotStart, match=r"no address 192\.0\.2\.1: set MAILAGENT_BIND"):
        readiness.doors_are_free(elsewhere)


def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    code, said = up(tmp_path / "file" / "state")

    assert code == 1
    assert "cannot be written" in said
    assert "Set MAILAGENT_STATE" in said


def test_a_platform_without_the_wheels_is_told_of_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(CannotStart, match="Set DATABASE_URL"):
        postgres.bundled_programs()
    with pytest.raises(CannotStart, match="Set REDIS_URL"):
        valkey.bundled_program()


def test_somebody_elses_socket_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    deep = tmp_path / ("deep" * 40)
    ours = state.socket_folder(deep)
    ours.rmdir()
    ours.symlink_to(tmp_path)

    with pytest.raises(CannotStart, match="belongs to somebody else"):
        state.socket_folder(deep)


def test_files_of_another_version_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("12\n")

    with pytest.raises(CannotStart, match="written by PostgreSQL 12, and this is PostgreSQL 18"):
        postgres.open_cluster(tmp_path, tmp_path / "run")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
class TestRoot:
    """PostgreSQL does not run as root."""

    def test_takes_another_number_in_a_namespace(self) -> None:
        assert launch.account_for_postgres(ROOT) == launch.IN_NAMESPACE

    def test_falls_back_to_an_account_that_may_enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(launch, "namespaces_work", lambda: False)

        assert launch.account_for_postgres(Path("/usr/bin/env")).name in ("postgres", "nobody")

    def test_is_told_what_to_do_when_no_account_may(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(launch, "namespaces_work", lambda: False)
        tmp_path.chmod(0o700)

        with pytest.raises(CannotStart, match=r"may not enter .* Run mailagent as an ordinary"):
            launch.account_for_postgres(tmp_path / "state")
