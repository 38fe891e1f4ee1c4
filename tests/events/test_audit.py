"""The audit chain finds what somebody with the database, and without the key, did to it."""

from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events import audit
from events.ids import new_id
from events.models import AuditEntry, AuditHead

WORKSPACE = new_id()
pytestmark = pytest.mark.django_db


@pytest.fixture
def chain() -> None:
    for number in range(1, 7):
        audit.record(
            WORKSPACE,
            actor="user:1",
            action="draft.approve",
            subject=f"draft:{number}",
            details={"number": number, "share": 0.85, "big": 1e20, "one": 1.0, "who": uuid4()},
        )


def tamper(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"workspace": WORKSPACE})
        assert cursor.rowcount


def test_an_untouched_chain_is_whole(chain):
    assert audit.verify(WORKSPACE) == []
    assert audit.verify(audit.INSTALLATION) == []


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'user:2'",
        "action = 'draft.reject'",
        "subject = 'draft:9'",
        "at = at + interval '1 microsecond'",
        "details = jsonb_set(details, '{number}', '4')",
        "hash = decode(repeat('00', 32), 'hex')",
        "workspace_id = gen_random_uuid()",
    ],
)
def test_an_edit_of_any_field_is_found_at_its_sequence(chain, change):
    tamper(
        f"UPDATE events_auditentry SET {change} WHERE workspace_id = %(workspace)s AND sequence = 3"
    )

    assert audit.verify(WORKSPACE)[0].startswith("entry 3:")


def test_a_deleted_entry_is_found(chain):
    tamper("DELETE FROM events_auditentry WHERE workspace_id = %(workspace)s AND sequence = 3")

    assert audit.verify(WORKSPACE)[0] == "entry 3: missing"


def test_a_deletion_with_the_rest_moved_up_is_found(chain):
    tamper("DELETE FROM events_auditentry WHERE workspace_id = %(workspace)s AND sequence = 3")
    for sequence in (4, 5, 6):
        tamper(
            f"UPDATE events_auditentry SET sequence = {sequence - 1} "
            f"WHERE workspace_id = %(workspace)s AND sequence = {sequence}"
        )
    tamper("UPDATE events_audithead SET sequence = 5 WHERE workspace_id = %(workspace)s")

    assert audit.verify(WORKSPACE)[0].startswith("entry 3:")


def test_two_entries_swapped_are_found(chain):
    for old, new in ((3, 100), (4, 3), (100, 4)):
        tamper(
            f"UPDATE events_auditentry SET sequence = {new} "
            f"WHERE workspace_id = %(workspace)s AND sequence = {old}"
        )

    assert audit.verify(WORKSPACE)[0].startswith("entry 3:")


def test_the_end_cut_off_is_found(chain):
    tamper("DELETE FROM events_auditentry WHERE workspace_id = %(workspace)s AND sequence > 4")

    assert audit.verify(WORKSPACE) == ["entry 5: the chain has 4 entries, its head says 6"]


def test_the_end_cut_off_with_the_head_set_back_is_found(chain):
    tamper("DELETE FROM events_auditentry WHERE workspace_id = %(workspace)s AND sequence > 4")
    tamper(
        "UPDATE events_audithead SET sequence = 4, hash = (SELECT hash FROM events_auditentry "
        "WHERE workspace_id = %(workspace)s AND sequence = 4) WHERE workspace_id = %(workspace)s"
    )

    assert audit.verify(WORKSPACE) == ["entry 5: the head of the chain was altered"]


def test_a_whole_chain_that_vanished_is_found(chain):
    AuditEntry.objects.filter(workspace_id=WORKSPACE).delete()
    AuditHead.objects.filter(workspace_id=WORKSPACE).delete()

    assert WORKSPACE in audit.chains()
    assert audit.verify(WORKSPACE) == ["entry 1: the end of the chain is missing, and its head"]


def test_a_forged_further_entry_is_found(chain):
    last = AuditEntry.objects.get(workspace_id=WORKSPACE, sequence=6)
    AuditEntry.objects.create(
        workspace_id=WORKSPACE,
        sequence=7,
        at=last.at,
        actor="user:1",
        action="draft.approve",
        subject="draft:7",
        previous_hash=last.hash,
        hash=b"0" * 32,
    )

    assert audit.verify(WORKSPACE)[0] == "entry 7: altered"


def test_what_was_sealed_under_a_rotated_secret_still_verifies(chain, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    audit.record(WORKSPACE, actor="user:1", action="key.revoke", subject="key:1")

    assert audit.verify(WORKSPACE) == []


def test_without_the_secret_nothing_verifies(chain, settings):
    settings.SECRET_KEY = "another"

    assert audit.verify(WORKSPACE)


def test_verify_audit_says_that_all_is_whole(chain, capsys):
    call_command("verify_audit")

    assert f"{WORKSPACE}: whole" in capsys.readouterr().out


def test_verify_audit_fails_and_names_the_first_broken_sequence(chain, capsys):
    tamper("DELETE FROM events_auditentry WHERE workspace_id = %(workspace)s AND sequence = 3")

    with pytest.raises(CommandError):
        call_command("verify_audit", workspace=WORKSPACE)
    assert f"{WORKSPACE}: entry 3: missing" in capsys.readouterr().err


def test_verify_audit_of_a_workspace_without_a_record_fails():
    with pytest.raises(CommandError):
        call_command("verify_audit", workspace=new_id())
