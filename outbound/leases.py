"""Leases: how a worker says that it still has what it claimed, and how far it has come."""

import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from django.db import DatabaseError, connection

from outbound.transports.protocol import Phase

logger = logging.getLogger(__name__)
LEASE = timedelta(seconds=45)
RENEW_EVERY = 15.0  # seconds

# Rows are locked in the order of their ids, as everywhere. What is not ours any more is left out.
_OURS = """
    WITH ours AS (
        SELECT delivery.id
          FROM outbound_delivery AS delivery
          JOIN unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS held (id, fence)
            ON delivery.id = held.id AND delivery.fence = held.fence
         WHERE delivery.status = 'sending'
         ORDER BY delivery.id
           FOR NO KEY UPDATE OF delivery
    )
"""
_ENTER = f"""
    {_OURS}, durably AS (
        SELECT set_config(
            'synchronous_commit',
            CASE WHEN %(durable)s THEN current_setting('synchronous_commit') ELSE 'off' END,
            true
        )
    )
    UPDATE outbound_delivery AS delivery
       SET phase = %(phase)s, lease_until = now() + %(lease)s
      FROM ours, durably
     WHERE delivery.id = ours.id AND (SELECT count(*) FROM ours) = cardinality(%(ids)s::bigint[])
"""  # noqa: S608 - constants
_RENEW = f"""
    {_OURS}
    UPDATE outbound_delivery AS delivery
       SET lease_until = now() + %(lease)s
      FROM ours
     WHERE delivery.id = ours.id
"""  # noqa: S608 - constants


class Held(Protocol):
    """What is claimed: `tokens` are the fencing tokens by the id of the delivery."""

    def tokens(self) -> dict[int, int]: ...


def enter(tokens: Mapping[int, int], phase: Phase) -> int:
    """Commit that `phase` begins, and renew the lease: for all, or where one is lost for none.
    How many were entered.

    Only what `committing` says has to outlast a crash of the database: whoever is found dead
    before it is tried again, wherever they were.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ENTER, _held(tokens) | {"phase": phase, "durable": phase == "committing"})
        entered: int = cursor.rowcount
        return entered


def renew(tokens: Mapping[int, int]) -> None:
    """Extend the lease of what is still ours."""
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, _held(tokens))


def _held(tokens: Mapping[int, int]) -> dict[str, Any]:
    return {"ids": list(tokens), "fences": list(tokens.values()), "lease": LEASE}


class Keeper:
    """Renews, from one thread of the process, the leases of all that is held."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._held: set[Held] = set()
        self._thread: threading.Thread | None = None

    def keep(self, held: Held) -> None:
        with self._change:
            self._held.add(held)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
                self._thread.start()

    def let_go(self, held: Held) -> None:
        with self._change:
            self._held.discard(held)

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait(RENEW_EVERY)
                if not self._held:
                    self._thread = None
                    return
                held = list(self._held)
            self._renew(held)

    @staticmethod
    def _renew(held: Iterable[Held]) -> None:
        tokens = {pk: fence for each in held for pk, fence in each.tokens().items()}
        try:
            renew(tokens)
        except DatabaseError:
            logger.warning("%d leases could not be renewed", len(tokens))
        finally:
            connection.close()


keeper = Keeper()
