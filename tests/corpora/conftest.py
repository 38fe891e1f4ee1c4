"""The mail corpora: real messages with the result that they must give, kept beside the checkout.

They are not part of this repository. Where they are absent the tests say so and do not run.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"

Case = tuple[str, Path, dict[str, Any]]
Corpora = Callable[[str], list[Case]]
Reached = dict[tuple[str, str], tuple[int, int]]
Score = Callable[[str, dict[str, Any]], Reached]

SCORE_LINE = re.compile(r"^(?P<source>\S+)\s+(?P<key>\S.*?)\s+(?P<good>\d+)/(?P<n>\d+)\s+[\d.]+%$")


def _require_corpora(category: str) -> Path:
    folder = CORPORA / category
    if not folder.is_dir():
        pytest.skip(f"corpora absent: no ../shared/corpora/{category} beside this checkout")
    return folder


@pytest.fixture(scope="session")
def corpora() -> Corpora:
    """Answer `corpora(category)`: a list of (source, folder, case).

    `folder / case["file"]` is the message where the case has one; the key of an answer for
    `score` is `f"{source}/{case['id']}"`.
    """

    def cases(category: str) -> list[Case]:
        tables = sorted(_require_corpora(category).glob("*/expected.json"))
        return [
            (table.parent.name, table.parent, case)
            for table in tables
            for case in json.loads(table.read_text())
        ]

    return cases


@pytest.fixture(scope="session")
def score(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """Answer `score(category, answers)`: {(source, key): (good, n)}, with source "ALL" besides."""

    def run(category: str, answers: dict[str, Any]) -> Reached:
        _require_corpora(category)
        path = tmp_path_factory.mktemp("score") / f"{category}.json"
        path.write_text(json.dumps(answers))
        printout = subprocess.run(
            [sys.executable, str(CORPORA / "score.py"), category, str(path)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        found = filter(None, map(SCORE_LINE.match, printout.splitlines()))
        return {(m["source"], m["key"]): (int(m["good"]), int(m["n"])) for m in found}

    return run


def counts_below(reached: Reached, floors: dict[str, tuple[int, int]]) -> dict[str, object]:
    """Of all sources together: each key with fewer good answers than its floor, or other cases
    than those that the floor was measured on."""
    found = {key: counts for (source, key), counts in reached.items() if source == "ALL"}
    return {
        key: found.get(key)
        for key in found.keys() | floors.keys()
        if key not in found
        or key not in floors
        or found[key][1] != floors[key][1]
        or found[key][0] < floors[key][0]
    }


def shares_below(reached: Reached, floors: dict[tuple[str, str], float]) -> dict[object, object]:
    """Each (source, key) whose share of good answers is below its floor."""
    return {
        key: reached[key]
        for key, floor in floors.items()
        if reached[key][0] < floor * reached[key][1]
    }
