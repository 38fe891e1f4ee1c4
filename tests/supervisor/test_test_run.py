"""`manage.py test` brings its own services, and a test that did not run is no success."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailagent.supervisor import browser, not_run, side_by_side
from tests.supervisor.conftest import ROOT

PASSING = "def test_it(): pass\n"
SERVICES = """
import os, psycopg, redis
def test_it():
    psycopg.connect(os.environ["DATABASE_URL"]).execute("SELECT 1")
    assert redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
"""
SKIPPED = "import pytest\ndef test_it(): pytest.skip('the moon is not full')\n"
BROWSER = "import pytest\n@pytest.mark.browser\ndef test_it(): pass\n"
CORPORA = "import pytest\ndef test_it(): pytest.skip('corpora absent: none beside the checkout')\n"


SKIPPED_FILE = "import pytest\npytest.importorskip('no_such_module', reason='the moon is new')\n"


def run(tmp_path: Path, text: str, *more: str, **settings: str) -> tuple[int, str]:
    """`manage.py test` on one small file, without the project's own settings."""
    (tmp_path / "test_small.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser\n")
    left_out = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "manage.py"), "test"),
            *(str(tmp_path), "-q", "-p", "no:django", *more),
        ],
        env={name: text for name, text in os.environ.items() if name not in left_out} | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    return done.returncode, done.stdout


def test_services_are_there_and_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()

    code, said = run(tmp_path, SERVICES, TMPDIR=str(tmp_path / "tmp"))

    assert (code, "1 passed" in said) == (0, True), said
    assert list((tmp_path / "tmp").glob("mailagent-test-*")) == []


def test_a_skipped_test_is_told_and_fails_the_run(tmp_path: Path) -> None:
    code, said = run(tmp_path, PASSING + SKIPPED.replace("test_it", "test_other"))

    assert code == not_run.EXIT_CODE
    assert "1 test did not run: the moon is not full" in said


def test_a_failure_does_not_hide_what_did_not_run(tmp_path: Path) -> None:
    failing = PASSING.replace("pass", "assert False")

    code, said = run(tmp_path, failing + SKIPPED.replace("test_it", "test_other"))

    assert code == not_run.EXIT_CODE
    assert "1 failed, 1 skipped" in said


def test_side_by_side_what_is_skipped_is_told_once_and_fails_the_run(tmp_path: Path) -> None:
    (tmp_path / "test_absent.py").write_text(SKIPPED_FILE)

    code, said = run(tmp_path, PASSING + SKIPPED.replace("test_it", "test_other"), "-n", "2")

    assert code == not_run.EXIT_CODE
    assert "1 test did not run: the moon is not full" in said
    assert "1 test did not run: the moon is new" in said


def test_side_by_side_each_worker_finds_services_of_its_own() -> None:
    urls = {"DATABASE_URL": "postgres:///first", "REDIS_URL": "redis://first"}
    theirs = {"DATABASE_URL": "postgres:///second", "REDIS_URL": "redis://second"}
    everything = side_by_side.named_for(0, urls) | side_by_side.named_for(1, theirs)

    for worker, own in {"gw0": urls, "gw1": theirs, "": urls}.items():
        environment = everything | {"PYTEST_XDIST_WORKER": worker}
        side_by_side.set_apart(environment)

        assert {name: environment[name] for name in own} == own


def test_what_a_test_starts_does_not_find_the_services_of_its_worker() -> None:
    environment = {"PYTEST_XDIST_WORKER": "GW1", "DATABASE_URL_GW1": "postgres:///second"}
    side_by_side.set_apart(environment)
    del environment["DATABASE_URL"]

    side_by_side.set_apart(environment)

    assert environment == {"PYTEST_XDIST_WORKER": "GW1"}


def test_without_a_browser_its_tests_are_told_and_fail_the_run(tmp_path: Path) -> None:
    code, said = run(tmp_path, BROWSER, MAILAGENT_BROWSER="/nowhere/chromium")

    assert code == not_run.EXIT_CODE
    assert "1 test did not run: no browser" in said


def test_absent_corpora_are_told_and_excused_only_when_absent(tmp_path: Path) -> None:
    code, said = run(tmp_path, CORPORA)

    absent = not (ROOT.parent / "shared" / "corpora").is_dir()
    assert code == (0 if absent else not_run.EXIT_CODE)
    assert "corpora absent: none beside the checkout" in said


def test_a_told_browser_is_taken_and_a_wrong_one_is_not_replaced(tmp_path: Path) -> None:
    program = tmp_path / "my-browser"
    program.touch(mode=0o755)

    assert browser.find({"MAILAGENT_BROWSER": str(program)}) == program
    assert browser.find_or_install({"MAILAGENT_BROWSER": str(tmp_path / "none")}) is None


def test_a_browser_is_found_under_its_usual_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "google-chrome").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert browser.find({}) == tmp_path / "google-chrome"
