"""The auth corpus: SPF, DKIM, ARC and DMARC with the DNS that each case comes with."""

import json
import re
import time

from inboxes.mime import parse
from inboxes.proving.arc import check_arc
from inboxes.proving.dkim_signatures import DkimResult, check_dkim
from inboxes.proving.dmarc import check_dmarc
from inboxes.proving.lookups import Answer, Lookups, Unanswered
from inboxes.proving.spf import SpfResult, check_spf
from inboxes.proving.verdict import dkim_result
from tests.corpora.conftest import shares_below

# The share that must be reached: what the best of the known verifiers reach, or more.
FLOORS = {
    ("ALL", "spf"): 1.0,
    ("ALL", "dkim"): 0.95,
    ("ALL", "arc"): 0.97,
    ("ALL", "dmarc"): 1.0,
    ("ALL", "dmarc disposition"): 1.0,
}


def test_authentication_reaches_its_floor_on_every_source(corpora, score):
    answers = {
        f"{source}/{case['id']}": _answer(folder, case) for source, folder, case in corpora("auth")
    }
    assert shares_below(score("auth", answers), FLOORS) == {}


class Zone:
    """The names of one zone file, as the README of the corpus describes it."""

    def __init__(self, names):
        self.names = {name.lower().rstrip("."): records for name, records in names.items()}

    def ask(self, name, record_type, seconds):
        records = self.names.get(name)
        if records is None or records == "NXDOMAIN" or "NXDOMAIN" in records:
            return Answer(exists=False)
        if isinstance(records, str):
            raise Unanswered(name)
        return self._answer(name, record_type, records)

    def _answer(self, name, record_type, records):
        typed = [one for one in records if isinstance(one, dict)]
        if any(one.get("ERR", [""])[0] == record_type for one in typed):
            raise Unanswered(name)
        found = [_value(record_type, one[record_type]) for one in typed if record_type in one]
        if record_type == "TXT" and not any("TXT" in one for one in typed):
            found = [_value("TXT", one["SPF"]) for one in typed if "SPF" in one]
        found = [value for value in found if value != b"NONE"]
        if found:
            return Answer(tuple(found))
        if alias := next((one["CNAME"] for one in typed if "CNAME" in one), ""):
            return self.ask(alias.lower().rstrip("."), record_type, 1)
        if any(one in ("TIMEOUT", "SERVFAIL") for one in records):
            raise Unanswered(name)
        return Answer()


def _value(record_type, value):
    if record_type in ("TXT", "SPF"):
        joined = "".join(value) if isinstance(value, list) else value
        return joined.encode("utf-8", "surrogateescape")
    return tuple(value) if record_type == "MX" else value


def _answer(folder, case):
    zone = Zone(json.loads((folder / case["dns"]).read_text())) if case.get("dns") else Zone({})
    lookups = Lookups(zone, time.monotonic() + 60, most=1000)
    raw = (folder / case["file"]).read_bytes() if case["file"] else b""
    raw = re.sub(rb"\r?\n", b"\r\n", raw)
    if case["check"] == "spf":
        return {"result": _spf(case, lookups).result}
    if case["check"] == "arc":
        return {"result": check_arc(raw, lookups).result}
    dkim = check_dkim(raw, lookups)
    if case["check"] == "dkim":
        return {"result": dkim_result(dkim)}
    if "prior_results" in case:
        dkim = [DkimResult(one["result"], one["domain"]) for one in case["prior_results"]]
    domains = [one.addr_spec.rpartition("@")[2] for one in parse(raw).header_from]
    found = check_dmarc(domains, _spf(case, lookups), dkim, lookups)
    return {"result": found.result, "disposition": found.disposition}


def _spf(case, lookups):
    if "ip" not in case:
        return SpfResult("none")
    return check_spf(
        peer=case["ip"],
        mail_from=case.get("mailfrom", ""),
        helo=case.get("helo", "mail.example.com"),
        lookups=lookups,
    )
