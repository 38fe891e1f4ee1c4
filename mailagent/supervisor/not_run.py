"""A pytest plugin: a test that did not run is not a test that passed.

Every skip is told with its reason and makes the run end with an exit code of its own, whatever
else failed. One reason is excused: mail corpora that stand beside the checkout, where they do not
stand there.
"""

import os
from collections import Counter
from typing import Any

import pytest

from mailagent.supervisor.configuration import ROOT

EXIT_CODE = 6  # pytest's own end at 5
_CORPORA = ROOT.parent / "shared" / "corpora"
_NO_BROWSER = "no browser: set MAILAGENT_BROWSER to a Chromium"
_FILES = "files that did not run"  # what a worker of pytest-xdist hands over
_reasons: Counter[str] = Counter()
_reasons_of_files: Counter[str] = Counter()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser, its tests are counted among those that did not run."""
    if os.environ.get("MAILAGENT_BROWSER"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=_NO_BROWSER))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test that was skipped."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _reasons[_reason(report)] += 1


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note a file that was skipped whole."""
    if report.skipped:
        _reasons_of_files[_reason(report)] += 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over from a worker of pytest-xdist which files were skipped: each has looked at all."""
    for reason, count in getattr(node, "workeroutput", {}).get(_FILES, {}).items():
        _reasons_of_files[reason] = max(_reasons_of_files[reason], count)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Let no pass and no failure hide that something should have run and did not."""
    worker_output = getattr(session.config, "workeroutput", None)
    if worker_output is not None:
        worker_output[_FILES] = dict(_reasons_of_files)
        return
    _reasons.update(_reasons_of_files)
    told = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    if exitstatus in told and any(not _is_excused(reason) for reason in _reasons):
        session.exitstatus = EXIT_CODE


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what did not run, and why."""
    if not _reasons:
        return
    terminalreporter.section("did not run")
    for reason, count in sorted(_reasons.items()):
        tests = "1 test" if count == 1 else f"{count} tests"
        excused = " (excused)" if _is_excused(reason) else ""
        terminalreporter.write_line(f"{tests} did not run{excused}: {reason}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)


def _is_excused(reason: str) -> bool:
    return reason.startswith("corpora absent") and not _CORPORA.is_dir()
