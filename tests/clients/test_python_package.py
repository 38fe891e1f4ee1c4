"""The Python client as its users have it: installed into an environment of their own. There runs
the agent of the README."""

import os
import re
import subprocess
import sys
import sysconfig
import time
import venv
from pathlib import Path

import pytest

from drafts.models import Draft
from tests.drafts.mail import receive

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "triage_agent.py"
UV = Path(sys.executable).parent / "uv"  # what installed everything else
LOCAL = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """The interpreter of a fresh environment with the client in it. What the client needs is lent
    from this one, so that nothing is fetched."""
    folder = tmp_path_factory.mktemp("client")
    venv.create(folder, with_pip=False)
    made = folder / "bin" / "python"
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"))
    done = subprocess.run(
        [
            *(str(UV), "pip", "install", "--offline", "--no-deps", "--no-config", "--no-cache"),
            *("--python", str(made), str(ROOT / "clients" / "python")),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return made


def run(python: Path, script: str) -> str:
    done = subprocess.run(
        [str(python), "-I", "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.strip()


def test_it_is_installed_with_its_types_and_names_what_it_needs(python):
    where = run(python, "import mailagent_client as m; print(m.__file__)")
    assert Path(where).is_relative_to(python.parents[1])
    installed = {one.name for one in Path(where).parent.rglob("*") if one.is_file()}
    source = ROOT / "clients" / "python" / "src" / "mailagent_client"
    assert {one.name for one in source.rglob("*.py")} | {"py.typed"} <= installed

    needed = "from importlib.metadata import requires as r; print(*r('mailagent-client'))"
    names = re.findall(r"[a-z]+(?=>=)", run(python, needed))
    assert names == ["httpx", "websockets", "standardwebhooks"]
    imported = "import sys, mailagent_client; print(*{n.split('.')[0] for n in sys.modules})"
    assert not {"django", "rest_framework", "mailagent"} & set(run(python, imported).split())


def agent_of_the_readme() -> str:
    """The first program in the README."""
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return str(program)


def test_the_agent_of_the_readme_drafts_an_answer(python, web, key, inbox, tmp_path):
    program = agent_of_the_readme()
    assert len(program.splitlines()) <= 20
    assert program.count(LOCAL) == 1
    file, told = tmp_path / "agent.py", tmp_path / "told"
    file.write_text(program.replace(LOCAL, web.http))
    environment = {"PATH": os.environ["PATH"], "MAILAGENT_API_KEY": key}
    with told.open("w") as output:
        agent = subprocess.Popen([str(python), str(file)], stderr=output, env=environment)
    try:
        draft = draft_of_some_mail(inbox, agent, told)
    finally:
        agent.terminate()
        agent.wait(10)
    assert draft.revision.plain_body.startswith("Hello, thank you for writing about Where is")
    assert draft.metadata == {"confidence": 0.5, "llmReasoning": "I greet everybody."}


def draft_of_some_mail(inbox, agent, told) -> Draft:
    """Write until there is an answer: what came before the agent listened is not told to it."""
    until = time.monotonic() + 30
    number = 0
    while time.monotonic() < until and agent.poll() is None:
        receive(inbox, subject="Where is my parcel?", number=(number := number + 1))
        time.sleep(0.5)
        if draft := Draft.objects.select_related("revision").first():
            return draft
    raise AssertionError(told.read_text())


def test_the_longer_example_is_a_hundred_lines_that_know_only_the_public_api():
    text = EXAMPLE.read_text()
    assert len(text.splitlines()) <= 100
    imported = set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE))
    ours = {one.parent.name for one in ROOT.glob("*/__init__.py")}
    assert imported & ours == set()
