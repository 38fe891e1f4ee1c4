"""A Chromium for the browser tests: told, found, or installed."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mailagent.supervisor.refusal import last_lines

_NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find(environ: Mapping[str, str]) -> Path | None:
    """MAILAGENT_BROWSER, else a browser under one of its usual names."""
    if told := environ.get("MAILAGENT_BROWSER"):
        found = shutil.which(told)
        return Path(found) if found else None
    return next((Path(found) for name in _NAMES if (found := shutil.which(name))), None)


def find_or_install(environ: Mapping[str, str]) -> Path | None:
    """As `find`; where there is none, root on Debian gets one by apt."""
    if (found := find(environ)) or environ.get("MAILAGENT_BROWSER"):
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    print("No Chromium found; installing it with apt-get ...", flush=True)
    for command in (["update", "-q"], ["install", "-y", "-q", "chromium"]):
        done = subprocess.run(
            ["apt-get", *command],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(f"apt-get {command[0]} failed:\n{last_lines(done.stderr)}", flush=True)
    return find(environ)
