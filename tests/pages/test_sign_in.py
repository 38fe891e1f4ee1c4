"""Signing in and out."""

from accounts.models import User

PASSWORD = "a long pass phrase"


def test_signing_in_leads_to_the_queue(client, alice):
    response = client.post("/sign-in", {"username": "Alice@Acme.example", "password": PASSWORD})

    assert (response.status_code, response["Location"]) == (302, "/")


def test_signing_in_leads_back_to_where_one_was_going_but_never_away(client, alice):
    form = {"username": "alice@acme.example", "password": PASSWORD}
    back = client.post("/sign-in", form | {"next": "/outbox"})
    client.post("/sign-out")
    away = client.post("/sign-in", form | {"next": "https://evil.example/"})

    assert (back["Location"], away["Location"]) == ("/outbox", "/")


def test_a_wrong_password_is_told_without_saying_whether_the_person_exists(client, alice):
    def said(name: str) -> str:
        response = client.post("/sign-in", {"username": name, "password": "wrong"})
        return response.content.decode().partition('role="alert">')[2].partition("</div>")[0]

    assert said("alice@acme.example") == said("nobody@acme.example") != ""


def test_signing_out_needs_a_form(page):
    assert page.get("/sign-out").status_code == 405
    page.post("/sign-out")
    assert page.get("/").status_code == 302


def test_one_who_is_in_no_workspace_is_told_so(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("new@acme.example", PASSWORD))

    assert client.get("/").status_code == 403


def test_who_belongs_to_no_workspace_can_sign_out_and_staff_get_to_the_administration(client, db):
    staff = User.objects.create_superuser(email="root@acme.example", password=PASSWORD)
    client.force_login(staff)
    refused = client.get("/")

    assert refused.status_code == 403
    assert 'action="/sign-out"' in refused.content.decode()
    assert 'href="/admin/"' in refused.content.decode()
