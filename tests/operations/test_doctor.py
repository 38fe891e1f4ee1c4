"""`manage.py doctor` against real sockets, a real DNS server and the database."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from django.core.management import call_command
from django.utils import timezone

from inboxes.models import Inbox
from mailagent.doctor import doors, names, stores
from mailagent.doctor.findings import Finding
from outbound.models import Delivery
from outbound.signing import new_domain_keys
from tests.dns_server import SERVFAIL, DnsServer, Records
from tests.outbound.published import published
from tests.pages.proposals import approve, propose
from tests.servers.running import Running

HOST = "mail.acme.example"
LOOPBACK = "1.0.0.127.in-addr.arpa"

Zone = Callable[[Records], DnsServer]


@pytest.fixture
def zone(settings) -> Iterator[Zone]:
    """The DNS, as the settings have it."""
    made: list[DnsServer] = []

    def make(records: Records) -> DnsServer:
        made.append(DnsServer(records))
        settings.HOSTNAME, settings.DNS = HOST, made[-1].address
        return made[-1]

    yield make
    for each in made:
        each.close()


def levels(found: Iterator[Finding]) -> list[tuple[str, str]]:
    found = list(found)
    assert all(each.do for each in found if each.level != "ok")
    return [(each.about, each.level) for each in found]


def test_a_host_whose_names_agree_is_well(zone):
    zone({(HOST, "A"): ["127.0.0.1"], (LOOPBACK, "PTR"): [f"{HOST}."]})

    assert levels(names.host()) == [("host", "ok"), ("reverse", "ok")]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({}, [("host", "fault")]),
        ({(HOST, "A"): SERVFAIL, (HOST, "AAAA"): SERVFAIL}, [("host", "fault")]),
        ({(HOST, "A"): ["127.0.0.1"]}, [("host", "ok"), ("reverse", "fault")]),
        ({(HOST, "A"): ["127.0.0.1"], (LOOPBACK, "PTR"): ["other.example."]},
         [("host", "ok"), ("reverse", "fault")]),
    ],
)  # fmt: skip
def test_a_host_whose_names_do_not_agree_is_a_fault(zone, records, expected):
    zone(records)

    assert levels(names.host()) == expected


def test_each_record_of_a_domain_that_lacks_is_told(zone, workspace, settings):
    server = zone({})
    settings.BASE_URL, settings.SPF = f"https://{HOST}", f"a:{HOST}"
    domain = workspace.domains.get()
    new_domain_keys(domain)
    server.records.update(published(domain))

    assert levels(names.domains()) == [("domain acme.example", "ok")]

    del server.records["acme.example", "MX"], server.records["_dmarc.acme.example", "TXT"]
    server.records["bounce.acme.example", "MX"] = SERVFAIL
    found = {each.says.split(" (")[0]: each.level for each in names.domains()}
    assert found["MX acme.example"] == "fault"
    assert found["TXT _dmarc.acme.example"] == "warning"
    assert found["MX bounce.acme.example: the DNS did not say."] == "warning"


def test_ports_that_answer_are_told_from_those_that_do_not(settings, transactional_db):
    listener = Running()
    settings.BIND, settings.SMTP_PORT, settings.WEB_PORT = "127.0.0.1", listener.port, listener.port
    settings.HOSTNAME = "localhost"
    try:
        # The web's port is taken by the mail server: something else answers there.
        assert levels(doors.ports()) == [("web", "fault"), ("smtp", "ok")]
        assert doors.reachable("127.0.0.1", listener.port).level == "ok"
    finally:
        listener.stop()
    assert levels(doors.ports()) == [("web", "fault"), ("smtp", "fault")]
    assert doors.reachable("127.0.0.1", listener.port).level == "warning"


def certificate(folder: Path, *, days: float, host: str) -> tuple[str, str]:
    """PEM files of a certificate that ends in so many days."""
    key, now = ec.generate_private_key(ec.SECP256R1()), timezone.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, SHA256())
    )
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(pem), str(private)


@pytest.mark.parametrize(
    ("days", "host", "expected"),
    [
        (60, HOST, ["ok"]),
        (60, "*.acme.example", ["ok"]),
        (10, HOST, ["warning"]),
        (-1, HOST, ["fault"]),
        (60, "other.example", ["ok", "warning"]),
    ],
)
def test_a_certificate_is_looked_at_for_its_end_and_its_name(
    settings, tmp_path, days, host, expected
):
    settings.TLS_CERTIFICATE, settings.TLS_KEY = certificate(tmp_path, days=days, host=host)
    settings.HOSTNAME = HOST

    assert [level for _, level in levels(doors.certificate())] == expected


def test_a_certificate_that_is_none_or_of_another_key_is_a_fault(settings, tmp_path):
    settings.TLS_CERTIFICATE, _ = certificate(tmp_path, days=60, host=HOST)
    (tmp_path / "other").mkdir()
    _, settings.TLS_KEY = certificate(tmp_path / "other", days=60, host=HOST)
    assert levels(doors.certificate()) == [("tls", "fault")]

    settings.TLS_CERTIFICATE = str(tmp_path / "nowhere.pem")
    assert levels(doors.certificate()) == [("tls", "fault")]

    settings.TLS_CERTIFICATE = ""
    assert levels(doors.certificate()) == [("tls", "warning")]


def test_a_database_that_keeps_its_promises_is_well(db):
    assert ("clock", "ok") in levels(stores.database())


def test_mail_that_nobody_takes_up_is_a_fault_and_doubt_a_warning(inbox, alice):
    approve(propose(inbox), alice)
    assert levels(stores.queue()) == [("queue", "ok")]

    late = timezone.now() - timedelta(minutes=11)
    Delivery.objects.update(next_attempt_at=late)
    assert levels(stores.queue()) == [("queue", "fault")]

    Delivery.objects.update(status="uncertain")
    Inbox.objects.update(status="paused")
    assert levels(stores.queue()) == [("queue", "ok"), ("queue", "warning"), ("queue", "warning")]


def test_a_key_that_others_can_read_is_a_fault(settings, tmp_path):
    settings.STATE, settings.SECRET_KEY = tmp_path, "a key"
    kept = tmp_path / "secret-key"
    kept.write_text("a key")
    kept.chmod(0o600)
    assert levels(stores.secret_key()) == [("key", "ok")]

    kept.chmod(0o644)
    assert levels(stores.secret_key()) == [("key", "fault")]


def test_little_disk_is_told_in_time(settings):
    settings.MIN_FREE_DISK = 1
    assert levels(stores.disk()) == [("disk", "ok")]
    settings.MIN_FREE_DISK = 2**62
    assert levels(stores.disk()) == [("disk", "fault")]


def test_valkey_away_is_a_warning(settings):
    assert levels(stores.valkey()) == [("valkey", "ok")]
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert levels(stores.valkey()) == [("valkey", "warning")]


def test_the_command_tells_everything_as_json_and_ends_with_1_on_a_fault(db, settings):
    settings.HOSTNAME, settings.SMTP_PORT, settings.WEB_PORT = "localhost", 1, 1
    told = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", stdout=told)

    assert ended.value.code == 1
    found = json.loads(told.getvalue())["findings"]
    smtp = next(each for each in found if each["about"] == "smtp")
    assert smtp["says"] == "Nothing answers at port 1 on 127.0.0.1."


def test_without_faults_it_ends_with_0(db, settings, monkeypatch):
    monkeypatch.setattr("mailagent.management.commands.doctor.CHECKS", {"disk": stores.disk})
    settings.MIN_FREE_DISK = 1
    told = StringIO()

    call_command("doctor", stdout=told)

    assert told.getvalue().startswith("ok       disk: ")
