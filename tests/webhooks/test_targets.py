"""Where webhooks may go, with a canary on the loopback that must stay silent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address, ip_network

import pytest

from events.errors import Invalid
from events.webhooks import attempts, managing, posting
from events.webhooks.claims import claim
from events.webhooks.models import Webhook, WebhookAttempt
from events.webhooks.targets import Refused, Target, Unresolved, addresses_of, is_allowed
from tests.dns_server import DnsServer
from tests.outbound.worker_process import eventually
from tests.webhooks.conftest import feed, make_webhook, tell
from tests.webhooks.receiver import Receiver

# `{}` is the canary's port.
FORMS = [
    # the loopback
    "http://127.0.0.1:{}/",
    "http://127.0.0.1.:{}/",
    "http://127.0.0.2:{}/",
    "http://127.255.255.254:{}/",
    "http://localhost:{}/",
    "http://LOCALHOST:{}/",
    "http://localhost.:{}/",
    "http://[::1]:{}/",
    "http://[0:0:0:0:0:0:0:1]:{}/",
    "http://[0000::0001]:{}/",
    "http://[::]:{}/",
    "http://0.0.0.0:{}/",
    "http://0:{}/",
    "http://0.1.2.3:{}/",
    # IPv4 in other forms
    "http://127.1:{}/",
    "http://127.0.1:{}/",
    "http://2130706433:{}/",
    "http://0x7f000001:{}/",
    "http://0X7F.0.0.1:{}/",
    "http://0x7f.1:{}/",
    "http://017700000001:{}/",
    "http://0177.0.0.1:{}/",
    "http://0177.0.0.01:{}/",
    "http://127.0.0.0x1:{}/",
    "http://00000177.0.0.1:{}/",
    "http://127.000.000.001:{}/",
    "http://4294967296:{}/",
    "http://18446744071562067969:{}/",
    "http://1.0x7f000001:{}/",
    "http://127.0.0.1.0x:{}/",
    # letters that some fold into digits and dots
    "http://①②⑦.⓪.⓪.①:{}/",
    "http://127。0。0。1:{}/",
    "http://１２７.0.0.1:{}/",
    "http://ⓛocalhost:{}/",
    "http://127%2e0%2e0%2e1:{}/",
    "http://%6c%6f%63alhost:{}/",
    # IPv4 within IPv6
    "http://[::ffff:127.0.0.1]:{}/",
    "http://[::ffff:7f00:1]:{}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{}/",
    "http://[::127.0.0.1]:{}/",
    "http://[::ffff:0:127.0.0.1]:{}/",
    "http://[64:ff9b::127.0.0.1]:{}/",
    "http://[64:ff9b::7f00:1]:{}/",
    "http://[64:ff9b:1::127.0.0.1]:{}/",
    "http://[2002:7f00:1::]:{}/",
    "http://[2001:0:7f00:1::1]:{}/",
    "http://[2001::80ff:fffe]:{}/",
    "http://[::1%25lo]:{}/",
    "http://[::1%lo]:{}/",
    "http://[fe80::1%25eth0]:{}/",
    "http://[v1.127]:{}/",
    # networks of one's own
    "http://10.0.0.1:{}/",
    "http://172.16.0.1:{}/",
    "http://172.31.255.255:{}/",
    "http://192.168.1.1:{}/",
    "http://100.64.0.1:{}/",
    "http://100.127.255.254:{}/",
    "http://169.254.0.1:{}/",
    "http://192.0.0.8:{}/",
    "http://192.0.2.1:{}/",
    "http://198.18.0.1:{}/",
    "http://198.51.100.1:{}/",
    "http://203.0.113.1:{}/",
    "http://192.88.99.1:{}/",
    "http://224.0.0.1:{}/",
    "http://239.255.255.250:{}/",
    "http://240.0.0.1:{}/",
    "http://255.255.255.255:{}/",
    "http://[fc00::1]:{}/",
    "http://[fd12:3456::1]:{}/",
    "http://[fe80::1]:{}/",
    "http://[fec0::1]:{}/",
    "http://[ff02::1]:{}/",
    "http://[100::1]:{}/",
    "http://[2001:db8::1]:{}/",
    "http://[3fff::1]:{}/",
    "http://[5f00::1]:{}/",
    "http://[4000::1]:{}/",
    # metadata services
    "http://169.254.169.254:{}/latest/meta-data/",
    "http://169.254.170.2:{}/",
    "http://100.100.100.200:{}/",
    "http://168.63.129.16:{}/",
    "http://[fd00:ec2::254]:{}/",
    "http://[fd20:ce::254]:{}/",
    "http://0xa9fea9fe:{}/",
    "http://2852039166:{}/",
    "http://[::ffff:169.254.169.254]:{}/",
    # readers that disagree
    "http://ok.example@127.0.0.1:{}/",
    "http://127.0.0.1:{}@ok.example/",
    "http://ok.example:80@127.0.0.1:{}/",
    "http://ok.example#@127.0.0.1:{}/",
    "http://127.0.0.1:{}#@ok.example/",
    "http://127.0.0.1:{}\\@ok.example/",
    "http://ok.example\\@127.0.0.1:{}/",
    "http:\\\\127.0.0.1:{}/",
    "http:///127.0.0.1:{}/",
    "http:127.0.0.1:{}/",
    "//127.0.0.1:{}/",
    "http://127.0.0.1\t:{}/",
    "http://127.0.0.1\n:{}/",
    " http://127.0.0.1:{}/",
    "http://127.0.0.1:{}\r\nHost: x/",
    "http://127.0.0.1:{}:80/",
    "http://[::1]x:{}/",
    "http://[127.0.0.1]:{}/",
    "http://-127.0.0.1:{}/",
    "http://:{}/",
    "http://127.0.0.1:0{}x/",
    # other schemes
    "file:///etc/passwd",
    "ftp://127.0.0.1:{}/",
    "gopher://127.0.0.1:{}/_x",
    "unix://127.0.0.1:{}/",
    "ws://127.0.0.1:{}/",
    "javascript:alert(1)",
    "dict://127.0.0.1:{}/",
]
NAMES = {
    "to-loopback.example": ["127.0.0.1"],
    "to-private.example": ["10.1.2.3"],
    "one-of-two.example": ["93.184.216.34", "127.0.0.1"],
    "many.example": [*(f"93.184.216.{last}" for last in range(1, 9)), "169.254.169.254"],
    "to-zero.example": ["0.0.0.0"],
}
NAMES6 = {
    "six.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "six-beside-four.example": ["fd00::1"],
}


class Canary:
    """Listens on the loopback, IPv4 and IPv6, and counts who comes."""

    def __init__(self) -> None:
        self.visits = 0
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port = self._sockets[0].getsockname()[1]
        with suppress(OSError):  # A machine without IPv6.
            self._sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for each in self._sockets:
            threading.Thread(target=self._listen, args=(each,), daemon=True).start()

    def _listen(self, listening: socket.socket) -> None:
        while True:
            try:
                visitor, _ = listening.accept()
            except OSError:
                return
            self.visits += 1
            visitor.close()

    def close(self) -> None:
        for each in self._sockets:
            each.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def nothing_is_allowed(settings, loopback_is_allowed) -> None:
    settings.WEBHOOK_ALLOW = []


def go(url: str, settings) -> None:
    """As an attempt does, short of the database."""
    target = Target.of(url)
    addresses = addresses_of(target, dns=settings.DNS, allowed=settings.WEBHOOK_ALLOW)
    posting.post(target, addresses, b"{}", {}, seconds=2)


def test_no_form_of_a_url_reaches_the_loopback(canary, settings):
    assert len(FORMS) >= 60
    went = []
    for form in FORMS:
        url = form.format(canary.port) if "{}" in form else form
        try:
            go(url, settings)
        except (Refused, Unresolved):
            continue
        went.append(form)
    assert went == []
    assert canary.visits == 0


def test_the_canary_sings_when_it_is_allowed(canary, settings):
    settings.WEBHOOK_ALLOW = ["127.0.0.1/32"]
    go(f"http://127.0.0.1:{canary.port}/", settings)
    eventually(lambda: canary.visits == 1, "a visit")


def test_no_form_of_a_url_is_taken_when_a_webhook_is_made(canary, settings):
    for form in FORMS:
        with pytest.raises(Invalid) as refusal:
            managing.check_url(form.format(canary.port) if "{}" in form else form)
        assert list(refusal.value.details) == ["url"], form
    assert canary.visits == 0


@pytest.fixture
def zone(settings) -> Iterator[DnsServer]:
    records: dict[tuple[str, str], list[str] | str] = {}
    records.update({(name, "A"): found for name, found in NAMES.items()})
    records.update({(name, "AAAA"): found for name, found in NAMES6.items()})
    records["six-beside-four.example", "A"] = ["93.184.216.34"]
    served = DnsServer(records)
    settings.DNS = served.address
    yield served
    served.close()


@pytest.mark.parametrize("name", [*NAMES, *NAMES6])
def test_a_name_with_one_address_that_is_not_public_is_refused(zone, canary, settings, name):
    with pytest.raises(Refused):
        go(f"http://{name}:{canary.port}/", settings)
    assert canary.visits == 0


def test_a_name_that_is_not_there_has_no_address(zone, settings):
    with pytest.raises(Unresolved):
        go("http://nowhere.example/", settings)


def test_an_alias_is_followed_and_what_it_leads_to_is_checked(zone, settings):
    zone.records["alias.example", "CNAME"] = ["to-loopback.example."]
    with pytest.raises(Refused):
        go("http://alias.example/", settings)


@pytest.mark.django_db(transaction=True)
def test_a_name_that_rebinds_after_the_webhook_was_made_is_refused_at_the_send(
    inbox, zone, canary, settings
):
    zone.records["rebinds.example", "A"] = ["93.184.216.34"]
    url = f"http://rebinds.example:{canary.port}/"
    managing.check_url(url)
    webhook = make_webhook(inbox, url)
    tell(inbox)
    feed()
    zone.records["rebinds.example", "A"] = ["127.0.0.1"]

    for claimed in claim(webhook.pk):
        attempts.attempt(claimed)

    assert canary.visits == 0
    assert WebhookAttempt.objects.get().error == "The host has an address that is not public."
    assert Webhook.objects.get().failing_since is not None


def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_checked(
    zone, canary, settings, receivers
):
    receiver: Receiver = receivers()
    settings.WEBHOOK_ALLOW = ["127.0.0.0/8"]
    zone.records["pinned.example", "A"] = ["127.0.0.1"]
    target = Target.of(f"http://pinned.example:{receiver.port}/hook")
    addresses = addresses_of(target, dns=settings.DNS, allowed=settings.WEBHOOK_ALLOW)
    zone.records["pinned.example", "A"] = ["10.0.0.1"]
    asked = len(zone.asked)

    answer = posting.post(target, addresses, b"{}", {}, seconds=5)

    assert answer.status == 200
    assert len(zone.asked) == asked
    assert receiver.taken[0].headers["host"] == f"pinned.example:{receiver.port}"


@pytest.mark.parametrize("port", [22, 25, 53, 110, 143, 389, 445, 587, 993])
def test_ports_of_other_services_are_refused(port):
    with pytest.raises(Refused, match="port"):
        Target.of(f"http://93.184.216.34:{port}/")


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://agent.example.com/hook?a=b%20c", "agent.example.com", "/hook?a=b%20c"),
        ("https://Agent.Example.com:443", "agent.example.com", "/"),
        ("http://agent.example.com:8080/", "agent.example.com:8080", "/"),
        ("https://[2606:4700::1111]/x", "[2606:4700::1111]", "/x"),
        ("https://xn--bcher-kva.example./", "xn--bcher-kva.example", "/"),
        ("https://1.1.1.1/", "1.1.1.1", "/"),
    ],
)
def test_urls_of_public_hosts_are_taken(url, authority, path):
    target = Target.of(url)
    assert (target.authority, target.path) == (authority, path)


@pytest.mark.parametrize("written", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00::1"])
def test_public_addresses_are_allowed(written):
    assert is_allowed(ip_address(written), [])


def test_an_allowed_network_is_allowed_and_its_neighbours_are_not():
    allowed = [ip_network("10.1.0.0/16")]
    assert is_allowed(ip_address("10.1.2.3"), allowed)
    assert not is_allowed(ip_address("10.2.0.1"), allowed)
    assert not is_allowed(ip_address("::ffff:10.1.2.3"), allowed)
