"""Domains over the API."""

import pytest

from accounts import keys
from accounts.models import ApiKey
from inboxes.models import Domain
from inboxes.opening import open_inbox
from tests.api.conftest import Client
from tests.conftest import EVERY_PERMISSION
from tests.outbound.published import published

NAME = "shop.example"


@pytest.fixture
def dns(zone, settings):
    server = zone({})
    settings.DNS, settings.HOSTNAME = server.address, "mail.acme.example"
    settings.BASE_URL, settings.SPF = "https://desk.acme.example", "a:mail.acme.example"
    return server


def client_with(kind: str, workspace, **reach) -> Client:
    _, shown = keys.issue(
        ApiKey.Kind(kind),
        workspace=workspace,
        name="agent",
        permissions=EVERY_PERMISSION,
        created_by="test",
        **reach,
    )
    return Client(shown)


@pytest.fixture
def client(dns, workspace) -> Client:
    return client_with("wk", workspace)


@pytest.fixture
def claimed(client, workspace) -> Domain:
    assert client.post("/v1/domains", {"domain": NAME}).status_code == 201
    return workspace.domains.get(name=NAME)


def test_a_claim_answers_flat_and_wrapped(client):
    told = client.post("/v1/domains", {"domain": "Shop.Example."}).json()
    assert (told["status"], told["existed"]) == ("pending", False)
    assert (told["inboundEnabled"], told["outboundEnabled"]) == (False, False)
    wrapped = told["domain"]
    assert wrapped["domain"] == NAME
    assert wrapped["dnsRecords"] == told["dnsRecords"]
    assert set(told["dnsRecords"][0]) == {
        *("type", "host", "name", "value", "priority", "purpose", "status", "found")
    }
    assert (told["dnsRecords"][1]["type"], told["dnsRecords"][1]["priority"]) == ("MX", 10)


def test_claiming_again_answers_200(client, claimed):
    again = client.post("/v1/domains", {"domain": NAME})
    assert (again.status_code, again.json()["existed"]) == (200, True)


@pytest.mark.parametrize("method", ["get", "post"])
def test_verify_asks_the_dns_now(client, claimed, dns, method):
    dns.records = published(claimed)
    told = getattr(client, method)(f"/v1/domains/{NAME}/verify").json()
    assert (told["status"], told["inboundEnabled"], told["outboundEnabled"]) == (
        *("verified", True, True),
    )
    assert {record["status"] for record in told["dnsRecords"]} == {"found"}
    assert client.get(f"/v1/domains/{NAME}").json() == told


def test_the_list_holds_them_by_name(client, claimed):
    told = client.get("/v1/domains").json()
    assert [each["domain"] for each in told["domains"]] == ["acme.example", NAME]
    assert told["pagination"]["total"] == 2


def test_the_list_costs_the_same_for_many(client, workspace, django_assert_max_num_queries):
    for number in range(20):
        Domain.objects.create(workspace=workspace, name=f"n{number}.example")
    with django_assert_max_num_queries(8):
        client.get("/v1/domains")


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"domain": "com"}, {"domain": 7.5}, {"domain": "a b.com"}, {"domain": None}),
        *({"domain": "x" * 2000}, {"domain": "\0.com"}, {"domain": "mail.acme.example"}),
        {"domain": NAME, "workspaceId": "01a1fc6d-6c23-7c8f-819c-f590fbf05caa"},
        {"domain": NAME, "more": 1},
    ],
)
def test_what_cannot_be_claimed_is_400(client, body):
    response = client.post("/v1/domains", body)
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


def test_a_name_verified_elsewhere_is_409(client, strange_inbox):
    response = client.post("/v1/domains", {"domain": "elsewhere.example"})
    assert (response.status_code, response.json()["code"]) == (409, "DOMAIN_TAKEN")


def test_names_are_found_in_unicode_and_any_case(client, dns):
    client.post("/v1/domains", {"domain": "bücher.example"})
    for name in ("BÜCHER.example", "xn--bcher-kva.example", "xn--bcher-kva.example."):
        assert client.get(f"/v1/domains/{name}").status_code == 200


def test_the_zone_file_is_plain_text(client, claimed):
    response = client.get(f"/v1/domains/{NAME}/zone-file")
    assert response["Content-Type"].startswith("text/plain")
    assert f"$ORIGIN {NAME}." in response.content.decode()


def test_new_keys_are_shown_beside_the_old(client, claimed):
    told = client.post(f"/v1/domains/{NAME}/rotate-dkim").json()
    purposes = [record["purpose"] for record in told["dnsRecords"]]
    assert (purposes.count("dkim"), purposes.count("dkim_next")) == (2, 2)


def test_a_domain_goes_only_without_inboxes(client, claimed, dns, workspace):
    dns.records = published(claimed)
    client.post(f"/v1/domains/{NAME}/verify")
    opened = open_inbox(workspace, workspace.domains.get(name=NAME), "support", by="test")
    refused = client.delete(f"/v1/domains/{NAME}")
    assert (refused.status_code, refused.json()["code"]) == (409, "DOMAIN_IN_USE")
    opened.inbox.delete()
    assert client.delete(f"/v1/domains/{NAME}").status_code == 204
    assert client.get(f"/v1/domains/{NAME}").status_code == 404


def test_the_key_of_an_inbox_reads_its_domain_and_changes_nothing(dns, inbox, workspace):
    client = client_with("ak", workspace, inbox_id=inbox.pk)
    path = "/v1/domains/acme.example"
    assert client.get(path).status_code == 200
    assert [each["domain"] for each in client.get("/v1/domains").json()["domains"]] == [
        "acme.example"
    ]
    refusals = [
        client.delete(path),
        client.post(f"{path}/verify"),
        client.post(f"{path}/rotate-dkim"),
        client.post("/v1/domains", {"domain": NAME}),
    ]
    assert {each.status_code for each in refusals} == {403}


def test_a_key_of_the_installation_names_the_workspace(dns, workspace):
    client = client_with("tk", None)
    assert client.post("/v1/domains", {"domain": NAME}).status_code == 400
    body = {"domain": NAME, "workspaceId": str(workspace.pk)}
    assert client.post("/v1/domains", body).status_code == 201
    assert client.get(f"/v1/domains?workspace={workspace.pk}").json()["pagination"]["total"] == 2
