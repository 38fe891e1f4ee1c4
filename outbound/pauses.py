"""What is paused, as the queue, the policies and the pages ask."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection
from django.db.models import Q

from accounts.models import Workspace
from accounts.scope import Scope
from inboxes.models import Domain, Inbox, Message
from outbound import warm_up
from outbound.models import Pause
from outbound.pause_models import NOBODY

Reach, Extent = Pause.Reach, Pause.Extent
# Where this database is: the cluster's own number, and the database's in it.
HERE = """
    SELECT (SELECT system_identifier FROM pg_control_system()) || ':' || oid
      FROM pg_database WHERE datname = current_database()
"""
# Asked for every message that leaves. A restored database is one that says it lives elsewhere.
_IN_FORCE = f"""
    SELECT reach, of, extent FROM outbound_pause
     UNION ALL
    SELECT 'inbox', id, 'everything' FROM inboxes_inbox WHERE status = 'paused'
     UNION ALL
    SELECT 'workspace', id, 'automatic' FROM accounts_workspace WHERE NOT automatic_sending
     UNION ALL
    SELECT 'installation', '{NOBODY}', 'everything' FROM outbound_home WHERE home <> ({HERE})
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Pauses:
    """What is paused: ids by reach, for everything and for automatic mail."""

    everything: dict[str, set[UUID]] = field(default_factory=dict)
    automatic: dict[str, set[UUID]] = field(default_factory=dict)

    def _sets(self, by_person: bool) -> Iterable[dict[str, set[UUID]]]:
        return (self.everything,) if by_person else (self.everything, self.automatic)

    def hold_all(self, *, by_person: bool) -> bool:
        return any(Reach.INSTALLATION in each for each in self._sets(by_person))

    def hold(self, message: Message, *, by_person: bool) -> bool:
        """Whether `message` (with its inbox) has to wait."""
        inbox = message.inbox
        ids = {
            Reach.INSTALLATION: NOBODY,
            Reach.WORKSPACE: inbox.workspace_id,
            Reach.DOMAIN: inbox.domain_id,
            Reach.INBOX: inbox.pk,
        }
        return any(
            ids[reach] in each.get(reach, ()) for each in self._sets(by_person) for reach in Reach
        )

    def held(self, *, by_person: bool) -> Q:
        """The deliveries that have to wait, the installation's own pauses apart."""
        held = Q()
        for each in self._sets(by_person):
            for reach, path in _PATHS.items():
                if ids := each.get(reach):
                    held |= Q(**{f"{path}__in": ids})
        return held


_PATHS = {
    Reach.WORKSPACE: "message__inbox__workspace_id",
    Reach.DOMAIN: "message__inbox__domain_id",
    Reach.INBOX: "message__inbox_id",
}


def in_force() -> Pauses:
    """The pauses as they are now; domains that have sent enough for today among them."""
    pauses = Pauses()
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE)
        for reach, of, extent in cursor.fetchall():
            sets = pauses.everything if extent == Extent.EVERYTHING else pauses.automatic
            sets.setdefault(reach, set()).add(of)
    full = warm_up.full_domains()
    if full.for_all:
        pauses.everything.setdefault(Reach.DOMAIN, set()).update(full.for_all)
    if full.for_automatic:
        pauses.automatic.setdefault(Reach.DOMAIN, set()).update(full.for_automatic)
    return pauses


def shown_to(scope: Scope) -> list[str]:
    """A sentence for each pause that holds mail of an inbox in reach."""
    found = list(Pause.objects.order_by("set_at"))
    if not found:
        return []
    reached = Inbox.objects.within(scope).values_list("pk", "domain_id", "workspace_id")
    ids = {each for row in reached for each in row} | {NOBODY}
    names = _names(found)
    return [_sentence(each, names.get(each.of, "")) for each in found if each.of in ids]


def sentences() -> list[str]:
    """A sentence for each switch that is off, of the whole installation."""
    found = list(Pause.objects.order_by("set_at"))
    names = _names(found)
    return [_sentence(each, names.get(each.of, "")) for each in found]


def objections(inbox: Inbox) -> Iterator[str]:
    """Why no policy may let mail of `inbox` go now: its automatic mail is stopped."""
    ids = {
        Reach.INSTALLATION: NOBODY,
        Reach.WORKSPACE: inbox.workspace_id,
        Reach.DOMAIN: inbox.domain_id,
        Reach.INBOX: inbox.pk,
    }
    found = list(Pause.objects.filter(extent=Extent.AUTOMATIC, of__in=ids.values()))
    names = _names(found) if found else {}
    for each in found:
        if ids[Pause.Reach(each.reach)] == each.of:
            yield _sentence(each, names.get(each.of, ""))


def _names(pauses: Iterable[Pause]) -> dict[UUID, str]:
    ids = [each.of for each in pauses]
    names: dict[UUID, str] = dict(Workspace.objects.filter(pk__in=ids).values_list("pk", "name"))
    names |= dict(Domain.objects.filter(pk__in=ids).values_list("pk", "name"))
    return names | dict(Inbox.objects.filter(pk__in=ids).values_list("pk", "email"))


def _sentence(pause: Pause, name: str) -> str:
    what = "Sending" if pause.extent == Extent.EVERYTHING else "Automatic sending"
    whose = f" from {name}" if name else ""
    return f"{what}{whose} is paused. {pause.reason}".strip()
