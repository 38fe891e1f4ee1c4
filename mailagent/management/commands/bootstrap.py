"""The first admin and the demo workspace. Made once; later calls only renew the demo file."""

import json
import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts import keys
from accounts.models import ApiKey, Member, User, Workspace
from inboxes.models import Domain, Inbox
from inboxes.opening import open_inbox
from outbound.signing import new_domain_keys

DEMO_DOMAIN = "demo.localhost"
BY = "system:bootstrap"


def _person(email: str, name: str, *, admin: bool) -> tuple[User, str]:
    password = secrets.token_urlsafe(12)
    make = User.objects.create_superuser if admin else User.objects.create_user
    return make(email, password, name=name), password


@transaction.atomic
def make_demo() -> dict[str, Any]:
    """An admin, a reviewer, a workspace, a domain, an inbox and a key; with their secrets."""
    admin, admin_password = _person("admin@demo.localhost", "Admin", admin=True)
    reviewer, reviewer_password = _person("reviewer@demo.localhost", "Robin Reviewer", admin=False)
    workspace = Workspace.objects.create(name="Demo")
    Member.objects.create(workspace=workspace, user=admin, role=Member.Role.MANAGER)
    Member.objects.create(workspace=workspace, user=reviewer, role=Member.Role.REVIEWER)
    domain = Domain.objects.create(
        workspace=workspace,
        name=DEMO_DOMAIN,
        status=Domain.Status.VERIFIED,
        inbound_enabled=True,
        outbound_enabled=True,
    )
    new_domain_keys(domain)
    opened = open_inbox(
        workspace,
        domain,
        "support",
        by=BY,
        display_name="Demo Support",
        # `send` may send: what the agent is sure of leaves, the rest waits for a person.
        review_mode=Inbox.ReviewMode.OFF,
    )
    _, key = keys.issue(
        ApiKey.Kind.INBOX,
        workspace=workspace,
        inbox_id=opened.inbox.pk,
        name="demo agent",
        permissions=ApiKey.Permission.values,
        created_by=BY,
    )
    _, workspace_key = keys.issue(
        ApiKey.Kind.WORKSPACE,
        workspace=workspace,
        name="demo workspace",
        permissions=ApiKey.Permission.values,
        created_by=BY,
    )
    return {
        "admin": {"email": admin.email, "password": admin_password},
        "reviewer": {"email": reviewer.email, "password": reviewer_password},
        "workspace": {"id": str(workspace.pk), "key": workspace_key},
        "inbox": {
            "id": str(opened.inbox.pk),
            "email": opened.inbox.email,
            "apiKey": key,
            "imapPassword": opened.password,
        },
    }


def write_private(path: Path, content: str) -> None:
    """Write whole or not at all, readable by nobody else at any moment."""
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


class Command(BaseCommand):
    help = "Makes the first admin and a demo workspace, once, and writes <state>/demo.json."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="Print nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.STATE / "demo.json"
        demo = json.loads(path.read_text()) if path.is_file() else {}
        made = not User.objects.exists()
        if made:
            demo = make_demo()
        addresses = {
            "web": f"http://{settings.BIND}:{settings.WEB_PORT}",
            "smtp": {"host": settings.BIND, "port": settings.SMTP_PORT},
        }
        if demo:
            settings.STATE.mkdir(parents=True, exist_ok=True)
            write_private(path, json.dumps(addresses | demo | addresses, indent=2) + "\n")
        if not options["quiet"]:
            self.stdout.write("Demo workspace made." if made else "Nothing to make.")
