"""Many acts at once make one chain."""

import threading

import pytest
from django.db import connections

from events import audit
from events.ids import new_id
from events.models import AuditEntry

WORKSPACE = new_id()


def _act(number: int) -> None:
    try:
        for _ in range(10):
            audit.record(WORKSPACE, actor=f"user:{number}", action="draft.edit", subject="draft:1")
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_acts_at_the_same_time_are_put_into_one_whole_chain():
    threads = [threading.Thread(target=_act, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert AuditEntry.objects.filter(workspace_id=WORKSPACE).count() == 80
    assert audit.verify(WORKSPACE) == []
