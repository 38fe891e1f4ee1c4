"""What most tests arrange: a workspace with an inbox, its people and its keys, and a stranger's."""

import os

os.environ.setdefault(
    "MAILAGENT_SECRET_KEY", "a key for tests only; nothing real is sealed with it"
)
os.environ.setdefault("MAILAGENT_DB_POOL", "false")

import pytest

from accounts import keys
from accounts.models import ApiKey, Member, User, Workspace
from inboxes.models import Domain, Inbox
from inboxes.opening import open_inbox

EVERY_PERMISSION = ApiKey.Permission.values


def make_workspace(name: str, domain: str) -> tuple[Workspace, Domain]:
    workspace = Workspace.objects.create(name=name)
    made = Domain.objects.create(
        workspace=workspace,
        name=domain,
        status=Domain.Status.VERIFIED,
        inbound_enabled=True,
        outbound_enabled=True,
    )
    return workspace, made


def make_person(email: str, workspace: Workspace, role: str) -> User:
    user = User.objects.create_user(email, "a long pass phrase", name=email.split("@")[0].title())
    Member.objects.create(workspace=workspace, user=user, role=role)
    return user


def make_key(inbox: Inbox, permissions: list[str] | None = None) -> str:
    """An `ak_` key as its owner would present it."""
    _, shown = keys.issue(
        ApiKey.Kind.INBOX,
        workspace=inbox.workspace,
        inbox_id=inbox.pk,
        name="agent",
        permissions=EVERY_PERMISSION if permissions is None else permissions,
        created_by="test",
    )
    return shown


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the database, so that it can be run again on another PostgreSQL."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or fixtures & {"db", "transactional_db"}:
            item.add_marker("database")


@pytest.fixture(autouse=True)
def quick_passwords(request):
    """Argon2 is slow on purpose. Tests that serve from another process keep the real one."""
    markers = {mark.name for mark in request.node.iter_markers()}
    if not markers & {"browser", "stack"}:
        settings = request.getfixturevalue("settings")
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def workspace(db) -> Workspace:
    return make_workspace("Acme", "acme.example")[0]


@pytest.fixture
def inbox(workspace) -> Inbox:
    """support@acme.example"""
    domain = workspace.domains.get()
    return open_inbox(workspace, domain, "support", by="test", display_name="Acme Support").inbox


@pytest.fixture
def key(inbox) -> str:
    return make_key(inbox)


@pytest.fixture
def alice(workspace) -> User:
    """A reviewer of the workspace."""
    return make_person("alice@acme.example", workspace, Member.Role.REVIEWER)


@pytest.fixture
def bob(workspace) -> User:
    """Another reviewer of the workspace."""
    return make_person("bob@acme.example", workspace, Member.Role.REVIEWER)


@pytest.fixture
def charlie(db) -> User:
    """A stranger: a manager, but of another workspace."""
    other, _ = make_workspace("Elsewhere", "elsewhere.example")
    return make_person("charlie@elsewhere.example", other, Member.Role.MANAGER)


@pytest.fixture
def strange_inbox(charlie) -> Inbox:
    """support@elsewhere.example, of the stranger's workspace."""
    workspace = charlie.memberships.get().workspace
    return open_inbox(workspace, workspace.domains.get(), "support", by="test").inbox


@pytest.fixture
def strange_key(strange_inbox) -> str:
    return make_key(strange_inbox)
