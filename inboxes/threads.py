"""Which conversation a message belongs to (MAIL.md, Threads). Headers place it, and no more."""

import base64
import binascii
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Coalesce

from events.copying import copy_in
from events.log import emit
from events.models import EventType
from events.statements import rows_of
from inboxes import notices
from inboxes.models import Address, Inbox, Message, Thread
from inboxes.references import base_subject, is_reply_subject
from inboxes.search import cut

SUBJECT_WINDOW = timedelta(days=14)
_CANDIDATES = 500
PARTICIPANTS_LIMIT = 500
_INDEXED_OCTETS = 2000  # PostgreSQL refuses an index entry of more than about 2,700
_CONVERSATION_OCTETS = 22

# One writer at a time per inbox: of a parent and a child that arrive in the same moment, in two
# transactions, neither would see the other. The key is the random end of the inbox's id.
_LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key"
_KIN = """
    SELECT DISTINCT inbox_id, thread_id, header_id
      FROM inboxes_message, unnest("references") AS header_id
     WHERE "references" && %(ids)s::text[] AND header_id = ANY(%(ids)s::text[])
     UNION
    SELECT inbox_id, thread_id, header_message_id
      FROM inboxes_message
     WHERE inbox_id = ANY(%(inboxes)s::uuid[]) AND header_message_id = ANY(%(ids)s::text[])
"""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What places a message that looks for its thread in one inbox."""

    inbox_id: UUID
    header_message_id: str
    ancestors: tuple[str, ...]  # nearest first
    subject: str
    sender: str  # folded
    others: frozenset[str]  # folded addresses of those written to
    conversation: str  # what Outlook's Thread-Index begins with
    at: datetime

    def marks(self) -> set[tuple[UUID, str]]:
        """What another newcomer may share only if it is placed after this one."""
        names = [self.header_message_id, *self.ancestors, self.conversation]
        if is_reply_subject(self.subject):
            names.append(f"subject {base_subject(self.subject)}")
        return {(self.inbox_id, name) for name in names if name}


@dataclass(slots=True)
class _Findings:
    """What the inboxes hold that bears on some newcomers."""

    held: dict[tuple[UUID, str], UUID] = field(default_factory=dict)  # header id -> thread
    kin: dict[tuple[UUID, str], set[UUID]] = field(
        default_factory=dict
    )  # who bear it or refer to it

    def parent(self, newcomer: Newcomer) -> UUID | None:
        places = ((newcomer.inbox_id, ancestor) for ancestor in newcomer.ancestors)
        return next((self.held[place] for place in places if place in self.held), None)

    def unseen(self, newcomer: Newcomer) -> list[tuple[UUID, str]]:
        """Its own id and those ancestors that we do not hold, nearer than the one we hold."""
        ids = [newcomer.header_message_id] if newcomer.header_message_id else []
        for ancestor in newcomer.ancestors:
            if (newcomer.inbox_id, ancestor) in self.held:
                break
            ids.append(ancestor)
        return [(newcomer.inbox_id, header_id) for header_id in ids]

    def relatives(self, newcomer: Newcomer) -> set[UUID]:
        """Threads of its children, of its copies, and of its siblings under a parent never seen."""
        return set[UUID]().union(*(self.kin.get(p, set()) for p in self.unseen(newcomer)))


def indexable(text: str) -> str:
    """A text cut so that an index takes it; NUL and lone surrogates are gone."""
    return cut(text.replace("\0", "").encode(errors="replace").decode(), _INDEXED_OCTETS)


def conversation_of(thread_index: str) -> str:
    """What all messages of one Outlook conversation share, as hexadecimal digits; "" if unknown."""
    try:
        octets = base64.b64decode("".join(thread_index.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return octets[:_CONVERSATION_OCTETS].hex() if len(octets) >= _CONVERSATION_OCTETS else ""


def lock_inboxes(inbox_ids: Collection[UUID]) -> None:
    """Be the only one, until the transaction ends, who places messages in these inboxes."""
    keys = {int.from_bytes(inbox_id.bytes[-8:], signed=True) for inbox_id in inbox_ids}
    rows_of(_LOCK, [sorted(keys)])


def threads_for(newcomers: Sequence[Newcomer]) -> list[tuple[Thread, str]]:
    """For each newcomer its thread, locked, and why: "reference", "subject", "index" or "new".

    A new thread is not saved yet (`note_messages` does it). Threads that a newcomer shows to be
    one are merged. The newcomers share no marks, and their inboxes are locked.
    """
    findings = _find(newcomers)
    chosen: list[tuple[UUID | None, str, set[UUID]]] = []
    for newcomer in newcomers:
        parent, relatives = findings.parent(newcomer), findings.relatives(newcomer)
        # Ids ascend with time: the oldest of the threads is the one that stays.
        home = parent or (min(relatives) if relatives else None)
        chosen.append((home, "reference" if home else "new", relatives - {home}))
    lost = [i for i, (home, _, _) in enumerate(chosen) if home is None]
    for i, home, reason in _look_alikes([(i, newcomers[i]) for i in lost]):
        chosen[i] = (home, reason, set())
    return _open_or_lock(newcomers, chosen)


def _find(newcomers: Sequence[Newcomer]) -> _Findings:
    findings = _Findings()
    ancestors = {ancestor for newcomer in newcomers for ancestor in newcomer.ancestors}
    if ancestors:
        rows = Message.objects.filter(
            inbox_id__in={newcomer.inbox_id for newcomer in newcomers},
            header_message_id__in=ancestors,
        ).values_list("inbox_id", "header_message_id", "thread_id")
        findings.held = {(inbox_id, header_id): thread for inbox_id, header_id, thread in rows}
    wanted = {place for newcomer in newcomers for place in findings.unseen(newcomer)}
    if wanted:
        values = {
            "inboxes": list({inbox_id for inbox_id, _ in wanted}),
            "ids": list({header_id for _, header_id in wanted}),
        }
        for inbox_id, thread_id, header_id in rows_of(_KIN, values):
            findings.kin.setdefault((inbox_id, header_id), set()).add(thread_id)
    return findings


def _look_alikes(lost: Sequence[tuple[int, Newcomer]]) -> Iterable[tuple[int, UUID, str]]:
    """Threads for those without a usable header: by subject, then by Outlook's index."""
    seeking = [(i, n, _hints(n)) for i, n in lost if _hints(n)]
    if not seeking:
        return
    newcomers = [newcomer for _, newcomer, _ in seeking]
    candidates = _candidates_by_subject(newcomers) + _candidates_by_index(newcomers)
    ours = _addresses_of({newcomer.inbox_id for newcomer in newcomers})
    for i, newcomer, hints in seeking:
        for thread, reason, hint in candidates:
            if (
                thread.inbox_id == newcomer.inbox_id
                and hints.get(reason) == hint
                and newcomer.at - thread.last_message_at < SUBJECT_WINDOW
                and _share_someone(newcomer, thread, ours)
            ):
                yield i, thread.pk, reason
                break


def _hints(newcomer: Newcomer) -> dict[str, str]:
    hints = {"index": newcomer.conversation}
    if is_reply_subject(newcomer.subject):
        hints["subject"] = _base(newcomer)
    return {reason: hint for reason, hint in hints.items() if hint}


def _base(newcomer: Newcomer) -> str:
    return indexable(base_subject(newcomer.subject))


def _candidates_by_subject(newcomers: Sequence[Newcomer]) -> list[tuple[Thread, str, str]]:
    subjects = {hint for n in newcomers if (hint := _hints(n).get("subject"))}
    if not subjects:
        return []
    rows = Thread.objects.filter(
        inbox_id__in={n.inbox_id for n in newcomers},
        base_subject__in=subjects,
        last_message_at__gt=min(n.at for n in newcomers) - SUBJECT_WINDOW,
        merged_into=None,
    ).order_by("-last_message_at")
    return [(thread, "subject", thread.base_subject) for thread in rows[:_CANDIDATES]]


def _candidates_by_index(newcomers: Sequence[Newcomer]) -> list[tuple[Thread, str, str]]:
    conversations = {n.conversation for n in newcomers if n.conversation}
    if not conversations:
        return []
    rows = (
        Message.objects.filter(
            inbox_id__in={n.inbox_id for n in newcomers}, thread_index__in=conversations
        )
        .select_related("thread")
        .only("thread_index", "thread")
        .order_by("-created_at")
    )
    return [(message.thread, "index", message.thread_index) for message in rows[:_CANDIDATES]]


def _addresses_of(inbox_ids: Collection[UUID]) -> set[str]:
    rows = Address.objects.filter(inbox_id__in=inbox_ids)
    return set(rows.values_list("address", flat=True))


def _share_someone(newcomer: Newcomer, thread: Thread, ours: set[str]) -> bool:
    """Tell whether someone other than us is part of both.

    A colleague in Cc of many customers' mail is no link between these: of our own domains, only
    the sender counts.
    """
    known = set(thread.participants) - ours
    domains = {address.rpartition("@")[2] for address in ours}
    if newcomer.sender in known:
        return True
    return any(a.rpartition("@")[2] not in domains for a in newcomer.others & known)


def _open_or_lock(
    newcomers: Sequence[Newcomer], chosen: Sequence[tuple[UUID | None, str, set[UUID]]]
) -> list[tuple[Thread, str]]:
    wanted = {home for home, _, _ in chosen if home}.union(*(others for _, _, others in chosen))
    locked: dict[UUID, Thread] = {}
    if wanted:
        rows = Thread.objects.filter(pk__in=wanted).select_for_update(no_key=True, of=("self",))
        locked = {row.pk: row for row in rows.select_related("inbox").order_by("pk")}
    placed = []
    for newcomer, (home, reason, others) in zip(newcomers, chosen, strict=True):
        thread = locked.get(home) if home else None
        if thread is None:
            thread, reason = new_thread(newcomer.inbox_id, newcomer.subject, newcomer.at), "new"
        if absorbed := [locked.pop(pk) for pk in sorted(others) if pk in locked]:
            merge(thread, absorbed)
        placed.append((thread, reason))
    return placed


def new_thread(inbox_id: UUID, subject: str, at: datetime) -> Thread:
    """A thread that is not saved yet and holds nothing."""
    return Thread(
        inbox_id=inbox_id,
        subject=subject,
        base_subject=indexable(base_subject(subject)),
        last_message_at=at,
        created_at=at,
    )


def merge(thread: Thread, merged: Sequence[Thread]) -> None:
    """Make `merged` part of `thread`. All are locked. Each message remembers where it was, and
    each thread where it went, so that it can be undone."""
    Message.objects.filter(thread__in=merged).update(
        merged_from=Coalesce(F("merged_from"), F("thread_id")), thread=thread
    )
    for other in merged:
        thread.message_count += other.message_count
        thread.unread_count += other.unread_count
        thread.participants = _union(thread.participants, other.participants)
        thread.labels = _union(thread.labels, other.labels)
        other.merged_into, other.message_count, other.unread_count = thread, 0, 0
        other.save(update_fields=["merged_into", "message_count", "unread_count"])
    thread.save(update_fields=["message_count", "unread_count", "participants", "labels"])
    notices.tell_merged(thread, list(merged))
    workspace_id = Inbox.objects.values_list("workspace_id", flat=True).get(pk=thread.inbox_id)
    for other in merged:
        emit(
            EventType.THREAD_UPDATED,
            workspace_id=workspace_id,
            inbox_id=other.inbox_id,
            thread_id=other.pk,
            payload={"merged_into": str(thread.pk)},
        )


def note_message(thread: Thread, message: Message) -> None:
    """Count one message in: see `note_messages`."""
    note_messages([(thread, message)])


def note_messages(pairs: Sequence[tuple[Thread, Message]]) -> None:
    """Bring threads up to date with messages that join them: counters, head, people. New threads
    are saved here; the messages may be saved afterwards.

    The head is what came last, whatever its Date says: a decision is made on it. What is in Junk
    changes nothing; a thread of nothing else is in no list.
    """
    for thread, message in pairs:
        if not message.is_spam:
            _count_in(thread, message)
    threads = {thread.pk: thread for thread, _ in pairs}.values()
    new = [thread for thread in threads if thread._state.adding]
    for thread in threads:
        if not thread._state.adding:
            thread.save(update_fields=_NOTED)
    copy_in(new)


_NOTED = [
    "status",
    "participants",
    "message_count",
    "unread_count",
    "preview",
    "head_id",
    "last_message_at",
    "last_inbound_at",
]


def _count_in(thread: Thread, message: Message) -> None:
    thread.message_count += 1
    thread.unread_count += not message.is_read
    thread.head_id = message.pk
    thread.preview = message.preview
    thread.last_message_at = max(thread.last_message_at, message.created_at)
    people = [message.header_from] if message.header_from else []
    thread.participants = _union(thread.participants, [*people, *message.recipients])
    if message.is_inbound:
        thread.last_inbound_at = message.created_at
        thread.status = Thread.Status.OPEN


def _union(held: list[str], more: Iterable[str]) -> list[str]:
    return list(dict.fromkeys((*held, *more)))[:PARTICIPANTS_LIMIT]
