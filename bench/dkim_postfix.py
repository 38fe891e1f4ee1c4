"""Do our DKIM signatures survive a real Postfix? Three verifiers that are not ours say.

Sends odd messages (long lines, 8-bit, UTF-8 addresses, attachments; seeded) through a private
Postfix on loopback, which relays them to a sink, and has each verified by dkimpy, by Perl's
Mail::DKIM (as Debian 12 has it: RSA only) and by Node's mailauth (RSA and Ed25519, installed by npm
into a scratch folder). As a check of the verifiers, each also gets the messages with one letter of
the body changed. Needs root, Debian's postfix and libmail-dkim-perl, and Node with npm.

    sudo python bench/dkim_postfix.py [--messages 1000] [--seed 7]
"""

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import dkim

from inboxes.addresses import Address
from outbound.compose import Outgoing, OutgoingFile, compose
from outbound.dkim import Signer, new_key, sign

DOMAIN = "acme.example"
WORDS = ("refund", "Größe", "注文", "schön", "от", "naïve", "order", ".", "..", "From", "=20", "\t")
VERIFY = r"""
use strict; use warnings; use Mail::DKIM::Verifier; use Mail::DKIM::PublicKey;
my %records = do { local @ARGV = shift @ARGV; map { chomp; split /\t/, $_, 2 } <> };
{ no warnings 'redefine';
  *Mail::DKIM::PublicKey::fetch_async = sub {
    my ($class, %given) = @_;
    my $name = "$given{Selector}._domainkey.$given{Domain}";
    my $key = Mail::DKIM::PublicKey->parse($records{$name});
    $key->check;
    return sub { $given{Callbacks}{Success}->($key) };
  }; }
for my $file (@ARGV) {
  open my $in, '<:raw', $file or die; local $/; my $octets = <$in>;
  my $verifier = Mail::DKIM::Verifier->new; $verifier->PRINT($octets); $verifier->CLOSE;
  print join(' ', map { $_->algorithm . '=' . $_->result } $verifier->signatures), "\n";
}
"""
# Arguments: the folder of the package, the records, then files.
MAILAUTH = r"""
const fs = require('fs');
const [folder, table, ...files] = process.argv.slice(2);
const { dkimVerify } = require(folder + '/node_modules/mailauth/lib/dkim/verify');
const records = Object.fromEntries(
  fs.readFileSync(table, 'utf8').trim().split('\n').map((line) => line.split('\t')));
const resolver = async (name, type) => {
  if (type === 'TXT' && records[name]) return [[records[name]]];
  throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
};
(async () => {
  for (const file of files) {
    const { results } = await dkimVerify(fs.readFileSync(file), { resolver, minBitLength: 1024 });
    console.log(results.map((one) => `${one.algo}=${one.status.result}`).join(' '));
  }
})().catch((error) => { console.error(error); process.exit(1); });
"""
ALGORITHMS = ("rsa-sha256", "ed25519-sha256")
MASTER = """
smtp inet n - n - 100 smtpd
127.0.0.1:{port} inet n - n - 100 smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
smtp unix - - n - 20 smtp
relay unix - - n - 20 smtp
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = """
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
maillog_file_prefixes = {dir}
maillog_file = {dir}/postfix.log
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{sink}
smtp_host_lookup = native
smtputf8_enable = yes
smtpd_peername_lookup = no
local_header_rewrite_clients =
smtp_tls_security_level = none
message_size_limit = 20000000
"""


# --- Odd messages -------------------------------------------------------------------------------


def text(dice: random.Random) -> str:
    lines = []
    for _ in range(dice.randrange(1, 20)):
        line = " ".join(dice.choices(WORDS, k=dice.randrange(12)))
        if dice.random() < 0.15:
            line += "long" * dice.randrange(100, 600)
        lines.append(line + " " * dice.randrange(3))
    return "\n".join(lines) + "\n" * dice.randrange(4)


def composed(dice: random.Random, number: int) -> bytes:
    """As the product composes it."""
    files = tuple(
        OutgoingFile(
            f"{dice.choice(WORDS)}-{n}.bin", "application/octet-stream", dice.randbytes(5000)
        )
        for n in range(dice.randrange(3))
    )
    recipient = dice.choice(("ann@customer.example", "jürgen@kunde.example", "ann@bücher.example"))
    plain = text(dice)
    outgoing = Outgoing(
        header_from=Address(dice.choice(("Acme", "Größe, GmbH", "注文")), f"support@{DOMAIN}"),
        to=(Address(dice.choice(WORDS[:5]), recipient),),
        cc=(),
        bcc=(),
        reply_to=(),
        subject=" ".join(dice.choices(WORDS[:8], k=dice.randrange(30))),
        plain_body=plain,
        html_body=f"<p>{plain}</p>" if dice.random() < 0.4 else "",
        files=files,
        references=tuple(f"{n}@customer.example" for n in range(dice.randrange(30))),
    )
    return compose(
        outgoing, header_message_id=f"{number}@{DOMAIN}", date=datetime(2026, 3, 1, tzinfo=UTC)
    )


def hand_made(dice: random.Random, number: int) -> bytes:
    """As a mail client may have written it: 8-bit bodies, odd folding, odd white space."""
    pieces = [b"a", b" ", b"  ", b"\t", "ü".encode(), b"=", b";", b":", b".", b"x" * 400]
    fields = [
        f"From: <support@{DOMAIN}>\r\n".encode(),
        b"To: ann@customer.example\r\n",
        f"Message-ID: <{number}@{DOMAIN}>\r\n".encode(),
        b"Date: Sun, 01 Mar 2026 09:30:00 +0000\r\n",
        b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n",
    ]
    for name in dice.sample([b"X-Odd", b"SUBJECT", b"cc", b"List-Id", b"Comments"], 3):
        value = b"v" + b"".join(dice.choices(pieces[:4] + pieces[5:9], k=dice.randrange(12))) + b"e"
        folded = dice.choice([b"", b"\r\n y", b"\r\n\t\ty"])
        fields.append(name + dice.choice([b":", b": ", b":  "]) + value + folded + b"\r\n")
    lines = [b"".join(dice.choices(pieces, k=dice.randrange(6)))[:990] for _ in range(20)]
    lines += [b""] * dice.randrange(3)
    return b"".join(fields) + b"\r\n" + b"".join(line + b"\r\n" for line in lines)


# --- Postfix, and where it relays to -------------------------------------------------------------


class Sink:
    """Takes what Postfix relays, each message by its Message-ID."""

    def __init__(self) -> None:
        self.taken: dict[bytes, bytes] = {}
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait(5)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        start = asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 26)
        self.port: int = self.loop.run_until_complete(start).sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 100000000\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                raw = (await reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
                found = re.search(rb"^message-id:\s*<(\d+)@", raw, re.M | re.I)
                self.taken[found[1] if found else b""] = raw
                writer.write(b"250 taken\r\n")
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()
            if verb == b"QUIT":
                return writer.close()
        return None


def start_postfix(folder: Path, port: int, sink: int) -> list[str]:
    for name in ("conf", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    folder.chmod(0o755)
    master = MASTER.format(port=port).replace("smtp inet n - n - 100 smtpd\n", "", 1)
    (folder / "conf/master.cf").write_text(master)
    (folder / "conf/main.cf").write_text(MAIN.format(dir=folder, sink=sink))
    command = ["postfix", "-c", str(folder / "conf")]
    subprocess.run([*command, "start"], check=True, capture_output=True)
    return command


def send_all(port: int, messages: list[bytes]) -> int:
    """Hand everything over; how many Postfix took."""
    for _ in range(100):
        try:
            client = smtplib.SMTP("127.0.0.1", port, timeout=30)
            break
        except OSError:
            time.sleep(0.1)
    client.ehlo()
    taken = 0
    for raw in messages:
        utf8 = not raw.partition(b"\r\n\r\n")[0].isascii()
        client.mail(f"bounce@{DOMAIN}", ["BODY=8BITMIME", *(["SMTPUTF8"] if utf8 else [])])
        client.rcpt("ann@customer.example")
        code, words = client.data(raw)
        taken += code == 250
        if code != 250:
            print("refused:", code, words.decode(errors="replace"))
    client.quit()
    return taken


# --- Verifying -----------------------------------------------------------------------------------


def by_all_of_dkimpy(raws: list[bytes], records: dict[str, str]) -> list[str]:
    """For each message what dkimpy says of its signatures, which stand in the order of records."""
    lines = []
    for raw in raws:
        verdicts = zip(ALGORITHMS, by_dkimpy(raw, records), strict=True)
        lines.append(" ".join(f"{name}={'pass' if good else 'fail'}" for name, good in verdicts))
    return lines


def by_dkimpy(raw: bytes, records: dict[str, str]) -> list[bool]:
    def look_up(name: bytes, timeout: int = 5) -> bytes:
        return records[name.decode().rstrip(".")].encode()

    verdicts = []
    for index in range(2):
        try:
            verdicts.append(bool(dkim.DKIM(raw).verify(index, dnsfunc=look_up)))
        except dkim.DKIMException:
            verdicts.append(False)
    return verdicts


class Elsewhere:
    """Verifiers in other languages, on files in a scratch folder."""

    def __init__(self, folder: Path, records: dict[str, str]) -> None:
        self.folder = folder
        self.table = folder / "records"
        self.table.write_text("".join(f"{name}\t{record}\n" for name, record in records.items()))
        (folder / "verify.pl").write_text(VERIFY)
        (folder / "verify.js").write_text(MAILAUTH)

    def by_perl(self, raws: list[bytes]) -> list[str]:
        """For each message what Mail::DKIM says of its signatures."""
        return self._asked(["perl", str(self.folder / "verify.pl"), str(self.table)], raws)

    def by_node(self, raws: list[bytes]) -> list[str]:
        """For each message what mailauth says of its signatures."""
        script = str(self.folder / "verify.js")
        return self._asked(["node", script, str(self.folder), str(self.table)], raws)

    def install_mailauth(self) -> str:
        """From npm, for this run alone; its version."""
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "mailauth"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        package = self.folder / "node_modules/mailauth/package.json"
        return str(json.loads(package.read_text())["version"])

    def _asked(self, command: list[str], raws: list[bytes]) -> list[str]:
        files = []
        for number, raw in enumerate(raws):
            files.append(self.folder / f"{number}.eml")
            files[-1].write_bytes(raw)
        said = subprocess.run([*command, *map(str, files)], capture_output=True, text=True)
        if said.returncode or len(said.stdout.splitlines()) != len(raws):
            sys.exit(said.stderr or f"{command[0]} did not answer for all.")
        return said.stdout.splitlines()


def altered(raw: bytes) -> bytes:
    """The message with one more letter at the end of its body."""
    return raw.rstrip(b"\r\n \t") + b"x\r\n"


def passes(lines: list[str], algorithm: str) -> int:
    return sum(f"{algorithm}=pass" in line.split() for line in lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=1000)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--port", type=int, default=2527)
    given = options.parse_args()
    if os.geteuid() != 0:
        sys.exit("Postfix needs root.")
    signers, records = [], {}
    for algorithm, selector in (("rsa-sha256", "ma1r"), ("ed25519-sha256", "ma1e")):
        pem, record = new_key(algorithm)
        signers.append(Signer(DOMAIN, selector, algorithm, pem))
        records[f"{selector}._domainkey.{DOMAIN}"] = record
    dice = random.Random(given.seed)
    made = [
        (composed if number % 2 else hand_made)(dice, number) for number in range(given.messages)
    ]
    signed = [sign(raw, signers) for raw in made]
    sink = Sink()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = start_postfix(folder, given.port, sink.port)
        try:
            taken = send_all(given.port, signed)
            until = time.monotonic() + 120
            while len(sink.taken) < taken and time.monotonic() < until:
                time.sleep(0.2)
        finally:
            subprocess.run([*command, "stop"], capture_output=True)
        raws = list(sink.taken.values())
        elsewhere = Elsewhere(folder, records)
        version = elsewhere.install_mailauth()
        changed = [altered(raw) for raw in raws]
        figures = {
            "dkimpy": by_all_of_dkimpy(raws, records),
            f"mailauth {version}": elsewhere.by_node(raws),
            "Mail::DKIM": elsewhere.by_perl(raws),
        }
        forged = {
            "dkimpy": by_all_of_dkimpy(changed, records),
            f"mailauth {version}": elsewhere.by_node(changed),
            "Mail::DKIM": elsewhere.by_perl(changed),
        }
    print(f"{given.messages} messages, {taken} taken by Postfix, {len(raws)} relayed")
    is_right = len(raws) == given.messages
    for name, lines in figures.items():
        counts = {algorithm: passes(lines, algorithm) for algorithm in ALGORITHMS}
        wrong = sum(passes(forged[name], algorithm) for algorithm in ALGORITHMS)
        print(f"{name}: {counts}; of those with a changed body: {wrong}")
        expected = ALGORITHMS[:1] if name == "Mail::DKIM" else ALGORITHMS  # it knows no Ed25519
        is_right &= not wrong and all(counts[each] == len(raws) for each in expected)
        for line in [line for line in lines if "rsa-sha256=pass" not in line.split()][:5]:
            print(f"not accepted: {line!r}")
    sys.exit(not is_right)


if __name__ == "__main__":
    main()
