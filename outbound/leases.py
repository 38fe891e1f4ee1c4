"""Leases: how a worker says that it still has what it claimed, and how far it has come."""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from django.db import DatabaseError, connection

from outbound.together import Together
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
# Of claims that enter together, each enters with all of its deliveries or with none.
_ENTER = """
    WITH held AS (
        SELECT *
          FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[], %(claims)s::int[],
                      %(phases)s::text[]) AS held (id, fence, claim, phase)
    ), ours AS (
        SELECT delivery.id, held.claim, held.phase
          FROM outbound_delivery AS delivery
          JOIN held ON delivery.id = held.id AND delivery.fence = held.fence
         WHERE delivery.status = 'sending'
         ORDER BY delivery.id
           FOR NO KEY UPDATE OF delivery
    ), whole AS (
        SELECT held.claim
          FROM held LEFT JOIN ours USING (id)
         GROUP BY held.claim
        HAVING count(ours.id) = count(*)
    ), durably AS (
        SELECT set_config(
            'synchronous_commit',
            CASE WHEN %(durable)s THEN current_setting('synchronous_commit') ELSE 'off' END,
            true
        )
    )
    UPDATE outbound_delivery AS delivery
       SET phase = ours.phase, lease_until = now() + %(lease)s
      FROM ours JOIN whole USING (claim), durably
     WHERE delivery.id = ours.id
 RETURNING ours.claim
"""
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


@dataclass(frozen=True, slots=True)
class _Step:
    """A claim that is about to enter a phase."""

    tokens: Mapping[int, int]
    phase: Phase


def enter(tokens: Mapping[int, int], phase: Phase) -> bool:
    """Commit that `phase` begins, and renew the lease: for all, or where one is lost for none.

    Only what `committing` says has to outlast a crash of the database: whoever is found dead
    before it is tried again, wherever they were.
    """
    return _entering.ask(_Step(tokens, phase))


def _enter(steps: Sequence[_Step]) -> list[bool]:
    """Which of them were entered."""
    rows = [
        (pk, fence, number, step.phase)
        for number, step in enumerate(steps)
        for pk, fence in step.tokens.items()
    ]
    given: dict[str, Any] = dict(
        zip(("ids", "fences", "claims", "phases"), map(list, zip(*rows, strict=True)), strict=True)
    )
    durable = any(step.phase == "committing" for step in steps)
    with connection.cursor() as cursor:
        cursor.execute(_ENTER, given | {"lease": LEASE, "durable": durable})
        entered = {number for (number,) in cursor.fetchall()}
    return [number in entered for number in range(len(steps))]


_entering: Together[_Step, bool] = Together(_enter)


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
