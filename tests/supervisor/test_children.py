"""Children are started, shown, brought back and stopped; none outlives its supervisor."""

import os
import signal
import time
from collections.abc import Callable

import psycopg
import pytest

from tests.supervisor.conftest import System, eventually

PARTS = ["postgres", "valkey", "first", "second"]


def count_rows(system: System) -> int:
    with psycopg.connect(system.urls()["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
        assert row
        return int(row[0])


def test_each_line_is_shown_under_its_name(system: System) -> None:
    assert f"first     | hello from small-first-{system.state.name}" in system.said()


def test_everything_stops_within_five_seconds(system: System) -> None:
    seconds = system.stop(signal.SIGINT)

    assert seconds < 5
    assert system.process.returncode == 0
    assert system.all_pids() == []


def test_a_program_that_will_not_stop_is_ended_within_five_seconds(
    start_system: Callable[..., System],
) -> None:
    system = start_system("--stubborn")
    system.wait_for("small system ready")

    assert system.stop() < 5
    assert "second does not stop; ending it." in system.said()
    assert system.all_pids() == []


def test_programs_stop_before_the_services_they_stand_on(system: System) -> None:
    system.stop()

    said = system.said()
    stopped = [said.index("first     | stopped"), said.index("second    | stopped")]
    assert max(stopped) < said.index("postgres  | LOG:  received fast shutdown request")


@pytest.mark.parametrize("name", PARTS)
def test_a_killed_child_is_back_within_five_seconds(system: System, name: str) -> None:
    before = system.kill(name)

    system.wait_for_another(name, before, 5)
    eventually(lambda: f"{name} is back." in system.said(), f"{name} ready", 5)


def test_a_child_killed_again_and_again_keeps_coming_back_at_once(system: System) -> None:
    for _ in range(4):
        before = system.kill("first")
        system.wait_for_another("first", before, 10)
        time.sleep(0.5)


def test_data_survives_the_killing_of_postgres(system: System) -> None:
    count_rows(system)

    system.kill("postgres")
    system.wait_for("postgres is back.")

    assert count_rows(system) == 2


@pytest.mark.parametrize("options", [[], ["--guardian"]], ids=["kernel", "guardian"])
def test_a_killed_supervisor_leaves_no_orphan(
    start_system: Callable[..., System], options: list[str]
) -> None:
    system = start_system(*options)
    system.wait_for("small system ready")
    assert len(system.all_pids()) > 4

    system.process.kill()
    system.process.wait()

    eventually(lambda: system.all_pids() == [], "nobody left")


def test_the_next_start_after_a_killed_supervisor_finds_the_data(
    start_system: Callable[..., System], system: System
) -> None:
    count_rows(system)
    system.process.kill()
    system.process.wait()

    again = start_system()  # at once, while the old postmaster still ends

    eventually(lambda: again.said().count("small system ready") == 2, "up again", 60)
    assert count_rows(again) == 2


def test_a_stale_pid_file_with_somebody_elses_number_is_no_obstacle(
    start_system: Callable[..., System], system: System
) -> None:
    system.stop()
    (system.state / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")

    again = start_system()

    eventually(lambda: again.said().count("small system ready") == 2, "up again", 60)


def test_a_second_supervisor_is_refused_and_told_of_the_first(
    start_system: Callable[..., System], system: System
) -> None:
    second = start_system()

    assert second.process.wait(60) == 1
    assert f"Another mailagent (pid {system.process.pid}) already runs" in second.said()
    assert system.process.poll() is None


def test_a_child_that_cannot_start_is_named_with_its_last_words(
    start_system: Callable[..., System],
) -> None:
    system = start_system("--broken")

    assert system.process.wait(60) == 1
    assert "mailagent: second ended as soon as it was started. It said:\n    cannot go on" in (
        system.said()
    )
    assert system.all_pids() == []


def test_stopping_during_the_start_leaves_nothing(start_system: Callable[..., System]) -> None:
    system = start_system()
    system.wait_for("postgres  |")

    assert system.stop() < 5
    assert system.all_pids() == []
