"""Do Rspamd and ClamAV find, over our doors, what they must? The real daemons say.

Starts clamd with one signature of its own (EICAR's), Rspamd with its built-in rules, and a system
that asks both, in scratch folders on loopback; sends mail by SMTP and looks where it went.
Needs Debian's clamav-daemon and rspamd, and no network.

    python3 manage.py install && .venv/bin/python -m bench.scanners
"""

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from bench.lifecycle import free_port, start, stop
from bench.running import api, client, demo
from inboxes.scanning.clamav import Clamav
from inboxes.scanning.rspamd import Rspamd
from inboxes.scanning.verdicts import Carried, Unscanned

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
CLAMD = """
DatabaseDirectory {folder}/signatures
LocalSocket {folder}/clamd.socket
TCPSocket {port}
TCPAddr 127.0.0.1
Foreground yes
StreamMaxLength 2M
MaxFileSize 1M
AlertExceedsMax yes
AlertEncrypted yes
"""
# Each subject of these asks for the action of that name, as a rule of an administrator's may.
ACTIONS = ("reject", "rewrite subject", "add header", "quarantine", "discard", "soft reject")
RSPAMD = """
options {{
  pidfile = "{folder}/rspamd.pid";
  cache_file = "{folder}/rspamd.cache";
  hs_cache_dir = "{folder}";
  url_tld = "/usr/share/rspamd/effective_tld_names.dat";
  dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }}
  filters = "";
  max_message = 4M;
}}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
actions {{ discard = 30; quarantine = 25; reject = 15; add_header = 6; greylist = 4; }}
lua = "{folder}/rules.lua";
"""
RULES = """
rspamd_config:register_symbol{
  name = 'ASKED_FOR', type = 'prefilter',
  callback = function(task)
    local action = (task:get_subject() or ''):match('^please (.*)$')
    if action then task:set_pre_result(action, 'asked for') end
  end
}
"""


@dataclass(frozen=True, slots=True)
class Daemons:
    """Both scanners, running."""

    clamd: "subprocess.Popen[bytes]"
    rspamd: "subprocess.Popen[bytes]"
    clamd_address: str
    clamd_socket: str
    rspamd_url: str

    def signal(self, number: signal.Signals) -> None:
        """Send it to all of their processes: each leads a group of its own."""
        for one in (self.clamd, self.rspamd):
            os.killpg(one.pid, number)


def start_daemons(folder: Path) -> Daemons:
    for name in ("clamd", "rspamd"):
        if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin"):
            sys.exit(f"There is no {name} here: install clamav-daemon and rspamd.")
    clamd_port, rspamd_port = free_port(), free_port()
    (folder / "signatures").mkdir()
    (folder / "signatures/own.ndb").write_text(f"Own.Eicar:0:*:{EICAR.hex()}\n")
    (folder / "clamd.conf").write_text(CLAMD.format(folder=folder, port=clamd_port))
    (folder / "rspamd.conf").write_text(RSPAMD.format(folder=folder, port=rspamd_port))
    (folder / "rules.lua").write_text(RULES)
    as_root = ["-i", "-u", "root", "-g", "root"] if os.geteuid() == 0 else []
    daemons = Daemons(
        _started(["/usr/sbin/clamd", "-c", f"{folder}/clamd.conf"], folder / "clamd.log"),
        _started(["rspamd", "-f", *as_root, "-c", f"{folder}/rspamd.conf"], folder / "rspamd.out"),
        f"127.0.0.1:{clamd_port}",
        f"{folder}/clamd.socket",
        f"http://127.0.0.1:{rspamd_port}",
    )
    for port in (clamd_port, rspamd_port):
        _wait_for(port)
    return daemons


def _started(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command, stdout=log.open("wb"), stderr=subprocess.STDOUT, start_new_session=True
    )


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    sys.exit(f"Nobody listens on port {port}.")


# --- Mail ----------------------------------------------------------------------------------------


def mail(subject: str, body: str = "Hello.", file: bytes = b"", name: str = "file.bin") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "ann@customer.example", "us", subject
    made["Message-ID"] = f"<{time.monotonic_ns()}@customer.example>"
    made.set_content(body)
    if file:
        made.add_attachment(file, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def locked_archive() -> bytes:
    """A ZIP that says that its one file is encrypted."""
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w") as archive:
        archive.writestr("secret.txt", os.urandom(200))
    made = bytearray(octets.getvalue())
    made[6] |= 1  # general purpose flags of the file
    made[made.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    return bytes(made)


def cases() -> dict[str, tuple[bytes, list[str]]]:
    """What is sent, by a word for it, and the labels that it must get."""
    return {
        "clean": (mail("clean"), []),
        "clean with a file": (mail("file", file=os.urandom(100_000)), []),
        "EICAR in a base64 attachment": (mail("eicar", file=EICAR), ["infected"]),
        "EICAR in the text": (mail("eicar text", EICAR.decode()), ["infected"]),
        "GTUBE": (mail("gtube", GTUBE), ["spam"]),
        "GTUBE with EICAR attached": (mail("both", GTUBE, EICAR), ["spam", "infected"]),
        "over clamd's MaxFileSize": (mail("large", file=bytes(1_200_000)), ["unscanned"]),
        "over clamd's StreamMaxLength": (mail("stream", file=bytes(2_500_000)), ["unscanned"]),
        "over both scanners' limits": (mail("huge", file=bytes(6_000_000)), ["unscanned"]),
        "encrypted archive": (mail("zip", file=locked_archive(), name="a.zip"), ["unscanned"]),
        **{
            f"Rspamd says {action!r}": (
                mail(f"please {action}"),
                [] if action == "soft reject" else ["spam"],
            )
            for action in ACTIONS
        },
    }


# --- Looking -------------------------------------------------------------------------------------


class System:
    """A running `up`, its inbox, and what became of mail for it."""

    def __init__(self, state: str) -> None:
        self.found = demo(state)
        self.inbox = self.found["inbox"]
        self.api = api(self.found)

    def received(self, raw: bytes) -> tuple[list[str], bool, float]:
        """Send it; its labels, whether ordinary lists leave it out, and the seconds until 250."""
        began = time.monotonic()
        with client(self.found) as smtp:
            smtp.sendmail("ann@customer.example", [self.inbox["email"]], raw)
        took = time.monotonic() - began
        found = self._newest(includeSpam="true")
        (entry,) = [each for each in found if self._raw_of(each["id"]) == raw]
        is_hidden = entry["id"] not in {each["id"] for each in self._newest()}
        return entry["labels"], is_hidden, took

    def _newest(self, **more: str) -> list[dict[str, Any]]:
        path = f"/inboxes/{self.inbox['id']}/messages"
        answer = self.api.get(path, params={"limit": 5, **more})
        return list(answer.raise_for_status().json()["messages"])

    def _raw_of(self, message_id: str) -> bytes:
        path = f"/inboxes/{self.inbox['id']}/messages/{message_id}/raw"
        return self.api.get(path).raise_for_status().content


def shown(what: str, labels: list[str], expected: list[str], hidden: bool, took: float) -> bool:
    in_junk = bool({"spam", "infected"} & set(expected))
    right = sorted(labels) == sorted(expected) and hidden == in_junk
    place = "Junk" if hidden else "Inbox"
    sign = "ok " if right else "NO "
    print(f"{sign} {what:<32} {place:<5} {','.join(labels) or '-':<18} {took:5.2f} s", flush=True)
    return right


def over_a_unix_socket(daemons: Daemons) -> bool:
    scanner = Clamav(daemons.clamd_socket)
    about = Carried("ann@customer.example", ("us@acme.example",), "192.0.2.1", "mx")
    clean, bad = (scanner.scan(raw, about, 5) for raw in (mail("a"), mail("b", file=EICAR)))
    right = not clean.is_bad and bad.facts == {"virus": "Own.Eicar.UNOFFICIAL"}
    print("ok " if right else "NO ", "clamd over its unix socket:", bad.facts)
    return right


def silent(scan: Callable[[], object]) -> bool:
    began = time.monotonic()
    try:
        scan()
    except Unscanned as reason:
        print(f"ok  silent: {reason} after {time.monotonic() - began:.1f} s")
        return True
    print("NO  a stopped daemon has answered")
    return False


def look(daemons: Daemons, system: System) -> bool:
    results = [over_a_unix_socket(daemons)]
    for what, (raw, expected) in cases().items():
        labels, hidden, took = system.received(raw)
        results.append(shown(what, labels, expected, hidden, took))
    daemons.signal(signal.SIGSTOP)
    try:
        about = Carried("", (), "", "")
        for scanner in (Clamav(daemons.clamd_address), Rspamd(daemons.rspamd_url)):
            results.append(silent(lambda one=scanner: one.scan(mail("s"), about, 1)))  # type: ignore[misc]
        for what in ("both stopped", "both stopped, and known to be"):
            labels, hidden, took = system.received(mail(what, GTUBE, EICAR))
            results.append(shown(what, labels, ["unscanned"], hidden, took))
    finally:
        daemons.signal(signal.SIGCONT)
    return all(results)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as state:
        daemons = start_daemons(Path(folder))
        try:
            os.environ["MAILAGENT_MAIL_PROCESSES"] = "1"  # each finds out for itself who is silent
            os.environ["MAILAGENT_CLAMAV"] = daemons.clamd_address
            os.environ["MAILAGENT_RSPAMD"] = daemons.rspamd_url
            process, _ = start(state)
            try:
                is_right = look(daemons, System(state))
            finally:
                stop(process)
        finally:
            daemons.signal(signal.SIGKILL)
    sys.exit(not is_right)


if __name__ == "__main__":
    main()
