"""People in front of the pages, and a draft that waits for them."""

import pytest
from django.test import Client

from accounts.models import Member, User
from drafts.models import Draft
from tests.conftest import make_person
from tests.pages.proposals import propose


def signed_in(user: User) -> Client:
    client = Client(enforce_csrf_checks=False)
    client.force_login(user)
    return client


@pytest.fixture
def draft(inbox) -> Draft:
    """A draft that waits for a decision."""
    return propose(inbox)


@pytest.fixture
def vera(workspace) -> User:
    """A viewer of the workspace."""
    return make_person("vera@acme.example", workspace, Member.Role.VIEWER)


@pytest.fixture
def dora(workspace) -> User:
    """A drafter of the workspace."""
    return make_person("dora@acme.example", workspace, Member.Role.DRAFTER)


@pytest.fixture
def page(alice) -> Client:
    """The browser of a reviewer, without JavaScript."""
    return signed_in(alice)


@pytest.fixture
def page_of_bob(bob) -> Client:
    return signed_in(bob)


@pytest.fixture
def page_of_vera(vera) -> Client:
    return signed_in(vera)


@pytest.fixture
def page_of_stranger(charlie, strange_inbox) -> Client:
    return signed_in(charlie)
