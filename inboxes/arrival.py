"""How mail comes in: octets, message, thread, events and UID in one transaction, or nothing.

`deliver` is the deed for one message. For many it has two halves: `read_mail` needs no database and
may be done for several at the same time; `store_many` stores all that wait at once in common
transactions, because a COMMIT costs the same for one as for thirty.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import DataError, Error, IntegrityError, OperationalError, connection, transaction

from events.copying import copy_in
from events.ids import new_id
from events.log import emit_many
from events.models import Event
from events.statements import rows_of
from inboxes import mime, notices, returns
from inboxes.colleagues import ours
from inboxes.impostors import suspicions
from inboxes.letters import Envelope, Letter, MailLoops, bare_letter, read_letter, storable
from inboxes.mailbox import file_messages
from inboxes.models import Attachment, Folder, Message, MessageRaw, Thread
from inboxes.recipients import Recipient
from inboxes.telling import received_event
from inboxes.threads import lock_inboxes, note_messages, threads_for

__all__ = [
    "REMEMBERED",
    "Envelope",
    "MailLoops",
    "deliver",
    "deliver_many",
    "read_mail",
    "store_many",
]

logger = logging.getLogger(__name__)

REMEMBERED = timedelta(days=7)  # a sender that retries after a lost 250 makes no second copy
_ATTEMPTS = 3
_DEADLOCKS = {"40001", "40P01"}
_LIMIT_EXCEEDED = "54"  # class of SQLSTATE: an index entry or a vector that is too long

_REMEMBER = """
    INSERT INTO inboxes_arrival AS known (inbox_id, digest, message_id, at)
    SELECT inbox_id, digest, message_id, at
      FROM unnest(%(inboxes)s::uuid[], %(digests)s::bytea[], %(messages)s::uuid[],
                  %(times)s::timestamptz[]) AS new (inbox_id, digest, message_id, at)
        ON CONFLICT (inbox_id, digest) DO UPDATE
       SET message_id = excluded.message_id, at = excluded.at
     WHERE known.at < excluded.at - %(remembered)s
 RETURNING message_id
"""
_RECALL = """
    SELECT known.inbox_id, known.digest, known.message_id
      FROM inboxes_arrival AS known
      JOIN unnest(%s::uuid[], %s::bytea[]) AS again (inbox_id, digest)
        ON known.inbox_id = again.inbox_id AND known.digest = again.digest
"""

Outcome = list[Message] | Exception


@dataclass(slots=True)
class _Copy:
    """One letter for one inbox."""

    letter: Letter
    recipient: Recipient
    message_id: UUID = field(default_factory=new_id)
    attachments: list[Attachment] = field(init=False)

    def __post_init__(self) -> None:
        self.attachments = [_attachment(self.message_id, part) for part in self.letter.attachments]

    @property
    def key(self) -> tuple[UUID, bytes]:
        return self.recipient.inbox_id, self.letter.digest

    def raw(self) -> MessageRaw:
        letter = self.letter
        return MessageRaw(message_id=self.message_id, octets=letter.raw, sha256=letter.sha256)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What became of a copy."""

    copy: _Copy
    message: Message


def deliver(envelope: Envelope, raw: bytes) -> list[Message]:
    """Take in one message, for each inbox among its recipients one copy. When this returns (and
    the transaction around it, if any, is committed) it is stored for good.

    A repetition within 7 days makes no second copy: the messages stored the first time are
    answered. Raises MailLoops, or a database error when nothing was stored.
    """
    (outcome,) = deliver_many([(envelope, raw)])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def deliver_many(mails: Sequence[tuple[Envelope, bytes]]) -> list[Outcome]:
    """`deliver` for several: answers for each its messages, or why it was not stored."""
    return store_many([read_mail(envelope, raw) for envelope, raw in mails])


def store_many(found: Sequence[Letter | MailLoops]) -> list[Outcome]:
    """Store what was read, in one transaction as long as all goes well, else each in its own.

    Answers for each its messages, or why it was not stored; a refusal stays what it is. Raises
    OperationalError when the database is away: nobody knows then what was stored, and a repetition
    does no harm.
    """
    stored = iter(_store_all([letter for letter in found if isinstance(letter, Letter)]))
    return [next(stored) if isinstance(one, Letter) else one for one in found]


def read_mail(envelope: Envelope, raw: bytes) -> Letter | MailLoops:
    """The first half of `deliver`: all that can be told of a message without the database."""
    try:
        return read_letter(returns.sort_out(envelope, raw), raw)
    except MailLoops as refusal:
        return refusal


def _store_all(letters: Sequence[Letter]) -> Sequence[Outcome]:
    try:
        return _store_patiently(letters)
    except Exception as error:
        if _database_is_away(error):
            raise
        # One letter must not keep others out: each gets a transaction and an outcome of its own.
        return [_store_alone(letter) for letter in letters]


def _store_alone(letter: Letter) -> Outcome:
    try:
        return _store_patiently([letter])[0]
    except Exception as error:
        if _database_is_away(error):
            raise
        logger.exception("a message of %d octets could not be stored whole", len(letter.raw))
        if not _is_about_values(error):
            return error
    try:
        return _store_patiently([bare_letter(letter.envelope, letter.raw)])[0]
    except (DataError, IntegrityError) as error:
        return error


def _sqlstate(error: Exception) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def _is_about_values(error: Exception) -> bool:
    """Tell whether it was something derived from the octets that the database did not take."""
    if isinstance(error, DataError | IntegrityError | ValueError):
        return True
    return _sqlstate(error).startswith(_LIMIT_EXCEEDED)


def _database_is_away(error: Exception) -> bool:
    return (
        isinstance(error, Error)
        and not isinstance(error, DataError | IntegrityError)
        and (not _sqlstate(error).startswith(_LIMIT_EXCEEDED))
    )


def _store_patiently(letters: Sequence[Letter]) -> list[list[Message]]:
    """Store in one transaction; begin again when it was the loser of a deadlock."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return _store(letters)
        except OperationalError as error:
            if _sqlstate(error) not in _DEADLOCKS:
                raise
    return _store(letters)


@transaction.atomic
def _store(letters: Sequence[Letter]) -> list[list[Message]]:
    copies = [_copies_of(letter) for letter in letters]
    every = [copy for some in copies for copy in some]
    if not every:
        returns.take(letter.envelope for letter in letters)
        return [[] for _ in letters]
    distinct = _first_of_each(every)
    known = _remember(distinct)
    new = [copy for copy in distinct if copy.key not in known]
    _store_octets(new)
    lock_inboxes({copy.recipient.inbox_id for copy in every})
    stored: list[_Stored] = []
    for some in _rounds(new):
        stored += _store_messages(some)
    told = [one.message for one in stored if not one.message.is_spam]
    for message in told:
        notices.tell(message)
    if told:
        notices.tell_arrivals(told)
    returns.take(letter.envelope for letter in letters)
    if stored:
        emit_many([_told(one) for one in stored])
        _file([one.message for one in stored])
    messages = {one.copy.key: one.message for one in stored} | _recall(known)
    return [[messages[copy.key] for copy in some if copy.key in messages] for some in copies]


def _file(messages: Sequence[Message]) -> None:
    """Into INBOX, and what is spam into Junk. The counters are locked in one order everywhere."""
    for role, is_spam in ((Folder.Role.INBOX, False), (Folder.Role.JUNK, True)):
        if some := [message for message in messages if message.is_spam == is_spam]:
            file_messages(some, role)


def _copies_of(letter: Letter) -> list[_Copy]:
    """One per inbox, whichever of its addresses were named."""
    first = {recipient.inbox_id: recipient for recipient in reversed(letter.envelope.recipients)}
    return [_Copy(letter, recipient) for recipient in first.values()]


def _remember(copies: Sequence[_Copy]) -> set[tuple[UUID, bytes]]:
    """Put the copies on record; answer the keys of those that have been here before."""
    # In one order everywhere: who stores the same messages waits in a line, not in a circle.
    copies = sorted(copies, key=lambda copy: copy.key)
    values: dict[str, Any] = {
        "inboxes": [copy.recipient.inbox_id for copy in copies],
        "digests": [copy.letter.digest for copy in copies],
        "messages": [copy.message_id for copy in copies],
        "times": [copy.letter.envelope.received_at for copy in copies],
        "remembered": REMEMBERED,
    }
    new = {message_id for (message_id,) in rows_of(_REMEMBER, values)}
    return {copy.key for copy in copies if copy.message_id not in new}


def _recall(known: set[tuple[UUID, bytes]]) -> dict[tuple[UUID, bytes], Message]:
    """The messages that were stored when these came for the first time, bodies left out."""
    if not known:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_RECALL, [[inbox for inbox, _ in known], [digest for _, digest in known]])
        ids = {message_id: (inbox, bytes(digest)) for inbox, digest, message_id in cursor}
    found = Message.objects.light().filter(pk__in=ids)
    return {ids[message.pk]: message for message in found}


def _first_of_each(copies: Iterable[_Copy]) -> list[_Copy]:
    """Without the second of the same message among those that waited."""
    first: dict[tuple[UUID, bytes], _Copy] = {}
    for copy in copies:
        first.setdefault(copy.key, copy)
    return list(first.values())


def _store_octets(copies: Sequence[_Copy]) -> None:
    """What can be written before anybody must wait: it is the same on whichever thread."""
    copy_in([copy.raw() for copy in copies])
    copy_in([attachment for copy in copies for attachment in copy.attachments])


def _rounds(copies: Iterable[_Copy]) -> Iterator[list[_Copy]]:
    """Split so that those which may be related come one after the other."""
    some: list[_Copy] = []
    marks: set[tuple[UUID, str]] = set()
    for copy in copies:
        own = copy.letter.newcomer(copy.recipient).marks()
        if own & marks:
            yield some
            some, marks = [], set()
        some.append(copy)
        marks |= own
    if some:
        yield some


def _store_messages(copies: Sequence[_Copy]) -> list[_Stored]:
    placed = threads_for([copy.letter.newcomer(copy.recipient) for copy in copies])
    stored = [
        _lay_out(copy, thread, reason)
        for copy, (thread, reason) in zip(copies, placed, strict=True)
    ]
    note_messages([(one.message.thread, one.message) for one in stored])
    copy_in([one.message for one in stored])
    return stored


def _lay_out(copy: _Copy, thread: Thread, threaded_by: str) -> _Stored:
    columns = copy.letter.columns
    warnings = dict.fromkeys((*columns["warnings"], *_suspicions(copy, thread)))
    message = Message(
        id=copy.message_id,
        inbox_id=copy.recipient.inbox_id,
        thread=thread,
        threaded_by=threaded_by,
        direction=Message.Direction.INBOUND,
        status=Message.Status.RECEIVED,
        rcpt_to=storable(copy.recipient.rcpt_to)[:320],
        **columns | {"warnings": list(warnings)},
    )
    return _Stored(copy, message)


def _suspicions(copy: _Copy, thread: Thread) -> Iterator[str]:
    """What a reviewer should know about the sender, in this inbox and on this thread."""
    columns = copy.letter.columns
    sender, known = columns["header_from"], ours(copy.recipient.workspace_id)
    answered = [mailbox["address"] for mailbox in columns.get("reply_to", ())]
    yield from suspicions(columns.get("from_name", ""), sender, answered, known)
    proven = columns["authentication"]
    if proven and not proven["aligned"] and sender.rpartition("@")[2] in known.domains:
        yield "claims_our_domain"
    if thread.participants and sender not in thread.participants and sender not in known.addresses:
        yield "new_participant"


def _attachment(message_id: UUID, found: mime.Attachment) -> Attachment:
    return Attachment(
        message_id=message_id,
        part_path=found.part_path[:400],
        filename=storable(found.filename),
        content_type=storable(found.content_type)[:255],
        size=found.size,
        content_id=storable(found.content_id),
        inline=found.inline,
    )


def _told(stored: _Stored) -> Event:
    return received_event(
        stored.message,
        stored.copy.attachments,
        workspace_id=stored.copy.recipient.workspace_id,
    )
