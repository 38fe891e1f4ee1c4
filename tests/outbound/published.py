"""A domain's records as its owner would publish them."""

from inboxes.models import Domain
from outbound.dns_records import Record
from outbound.domains import verdicts_on
from tests.dns_server import Records

MACHINE: Records = {("mail.acme.example", "A"): ["192.0.2.7"]}


def published(domain: Domain, *purposes: str) -> Records:
    """The records of these purposes, or all, beside the host's own."""
    records: Records = dict(MACHINE)
    for verdict in verdicts_on(domain):
        record = verdict.record
        if not purposes or record.purpose in purposes:
            records[record.name, record.type] = [zone_text(record)]
    return records


def zone_text(record: Record) -> str:
    """The record's value as a zone has it."""
    if record.type == "MX":
        return f"{record.priority} {record.value}."
    if record.type == "TXT":
        parts = [record.value[start : start + 255] for start in range(0, len(record.value), 255)]
        return " ".join(f'"{part}"' for part in parts)
    return f"{record.value}." if record.type == "CNAME" else record.value
