"""Between the sessions, which wait, and the database, which is asked in threads.

Letters that arrive while others are being stored wait together and are then stored in one
transaction: under load a COMMIT serves many, and a single letter never waits for company.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from django.db import Error, InterfaceError, OperationalError, connection

from inboxes.arrival import Outcome, read_mail, store_many
from inboxes.examining import PATIENCE, SCAN_PATIENCE, Examiner, unexamined
from inboxes.findings import Findings
from inboxes.letters import Envelope, Letter, MailLoops
from inboxes.recipients import Recipient, find_recipient

logger = logging.getLogger(__name__)

LETTERS_AT_ONCE = 32
OCTETS_AT_ONCE = 16 * 1024 * 1024
WRITERS = 2
TURN = 0.2  # seconds
ASKERS = 4
KNOWN_FOR = 1.0  # seconds: a deleted inbox is refused soon
_KNOWN_LIMIT = 10_000
EXAMINERS = 16
READERS = 2  # one hostile letter may take a few hundred megabytes to read
# Letters that are examined or wait for it. More are stored at once and examined later.
MOST_EXAMINED = 4 * EXAMINERS

Result = TypeVar("Result")


class DatabaseAway(Exception):
    """The database did not answer. Nothing was promised; the sender tries again later."""


@dataclass(slots=True)
class _Waiting:
    envelope: Envelope
    raw: bytes
    answer: "asyncio.Future[list[UUID]]"
    read: Letter | MailLoops | None = None  # None: there was no time for it yet
    _to_be_queued: threading.Lock = field(default_factory=threading.Lock)

    def is_mine_to_queue(self, findings: Findings) -> bool:
        """True for the first who comes, whose findings count."""
        if not self._to_be_queued.acquire(blocking=False):
            return False
        self.envelope = replace(self.envelope, findings=findings)
        return True


@dataclass(slots=True)
class _Question:
    rcpt_to: str
    answer: "asyncio.Future[Recipient | None]"


class Intake:
    """Finds recipients and stores letters for the sessions of one event loop."""

    def __init__(self, examiner: Examiner) -> None:
        self._examiner = examiner
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._turn = threading.Lock()
        self._known: dict[str, tuple[float, Recipient]] = {}
        self._asked: dict[str, asyncio.Future[Recipient | None]] = {}
        self._threads = [
            threading.Thread(target=work, name=f"{work.__name__}-{n}", daemon=True)
            for work, count in ((self._write, WRITERS), (self._look_up, ASKERS))
            for n in range(count)
        ]
        for thread in self._threads:
            thread.start()
        self._examiners = ThreadPoolExecutor(EXAMINERS, "examine")
        self._reading = threading.Semaphore(READERS)
        self._examined = 0
        self._counting = threading.Lock()

    def expect(self, peer: str, helo: str, mail_from: str) -> None:
        """Mail from there is on its way: ask already whether that server may send it."""
        if self._examined < EXAMINERS and not self._examiner.knows_server(peer, helo, mail_from):
            self._examiners.submit(self._examiner.check_server, peer, helo, mail_from)

    async def find(self, rcpt_to: str) -> Recipient | None:
        """The inbox behind an address. Raises DatabaseAway.

        Only what was found is remembered, for a second: a new inbox is there at once.
        """
        known = self._known.get(rcpt_to)
        if known is not None and time.monotonic() - known[0] < KNOWN_FOR:
            return known[1]
        under_way = self._asked.get(rcpt_to)
        if under_way is not None and (found := await asyncio.shield(under_way)) is not None:
            return found
        # That nobody was found may have been said before the inbox was opened: ask again.
        return await asyncio.shield(self._begin_to_ask(rcpt_to))

    def _begin_to_ask(self, rcpt_to: str) -> "asyncio.Future[Recipient | None]":
        answer = self._asked[rcpt_to] = self._loop.create_future()
        answer.add_done_callback(lambda done: self._remember(rcpt_to, done))
        self._questions.put(_Question(rcpt_to, answer))
        return answer

    def _remember(self, rcpt_to: str, answer: "asyncio.Future[Recipient | None]") -> None:
        if self._asked.get(rcpt_to) is answer:
            del self._asked[rcpt_to]
        if answer.cancelled() or answer.exception() is not None:
            return
        if (found := answer.result()) is not None:
            if len(self._known) >= _KNOWN_LIMIT:
                self._known.clear()
            self._known[rcpt_to] = (time.monotonic(), found)

    async def accept(self, envelope: Envelope, raw: bytes) -> list[UUID]:
        """Store a letter; when this returns its ids, it is committed. Raises DatabaseAway, or
        what `inboxes.arrival.deliver` raises."""
        letter = _Waiting(envelope, raw, self._loop.create_future())
        patience = self._begin_to_examine(letter)
        try:
            # Shielded: a sender that gives up does not stop what the others wait for.
            return await asyncio.shield(letter.answer)
        finally:
            if letter.answer.done():
                patience.cancel()

    def _begin_to_examine(self, letter: _Waiting) -> asyncio.TimerHandle:
        """Have it examined and then queued, in a time that has an end."""
        patience = self._loop.call_later(
            max(PATIENCE, SCAN_PATIENCE) + 1, self._queue_unexamined, letter
        )
        with self._counting:
            is_busy = self._examined >= MOST_EXAMINED
            self._examined += not is_busy
        if is_busy:
            self._queue_unexamined(letter)
        else:
            self._examiners.submit(self._examine, letter)
        return patience

    def _examine(self, letter: _Waiting) -> None:
        """An examiner's thread: what can be found out about a letter before it is stored."""
        try:
            findings = self._examiner.examine(letter.envelope, letter.raw)
        except Exception:  # whatever it is: the letter must be kept
            logger.exception("a letter could not be examined")
            findings = unexamined()
        finally:
            with self._counting:
                self._examined -= 1
        if letter.is_mine_to_queue(findings):
            try:
                # Here, beside the writers: what they keep waiting is all other mail.
                with self._reading:
                    letter.read = read_mail(letter.envelope, letter.raw)
            finally:
                self._waiting.put(letter)

    def _queue_unexamined(self, letter: _Waiting) -> None:
        """There is no time for it now: it is stored at once, and examined later."""
        if letter.is_mine_to_queue(unexamined()):
            logger.warning("a letter could not be examined in time")
            self._waiting.put(letter)

    async def close(self) -> None:
        """Store what still waits, then end the threads."""
        for _ in range(WRITERS):
            self._waiting.put(None)
        for _ in range(ASKERS):
            self._questions.put(None)
        for thread in self._threads:
            await self._loop.run_in_executor(None, thread.join)
        self._examiners.shutdown(wait=False, cancel_futures=True)

    def _look_up(self) -> None:
        """An asker thread: finds recipients until it is told to end."""
        try:
            while (question := self._questions.get()) is not None:
                found = _ask(question.rcpt_to)
                self._loop.call_soon_threadsafe(_tell, question.answer, found)
        finally:
            connection.close()

    def _write(self) -> None:
        """A writer thread: stores what waits, until it is told to end."""
        try:
            while (first := self._waiting.get()) is not None:
                letters, more, outcomes = self._store_what_waits(first)
                self._loop.call_soon_threadsafe(_answer, letters, outcomes)
                if not more:
                    break
        finally:
            connection.close()

    def _store_what_waits(
        self, first: _Waiting
    ) -> tuple[list[_Waiting], bool, list[list[UUID] | Exception]]:
        # One writer at a time, so that the next finds the more waiting, unless that one takes
        # long: then a large letter is no cork in the bottle.
        my_turn = self._turn.acquire(timeout=TURN)
        try:
            letters, more = self._take(first)
            return letters, more, _store(letters)
        finally:
            if my_turn:
                self._turn.release()

    def _take(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """What waits besides `first`, and whether to go on after it."""
        letters, octets = [first], len(first.raw)
        while len(letters) < LETTERS_AT_ONCE and octets < OCTETS_AT_ONCE:
            try:
                another = self._waiting.get_nowait()
            except queue.Empty:
                break
            if another is None:
                return letters, False
            letters.append(another)
            octets += len(another.raw)
        return letters, True


def _answer(letters: list[_Waiting], outcomes: list[list[UUID] | Exception]) -> None:
    for letter, outcome in zip(letters, outcomes, strict=True):
        _tell(letter.answer, outcome)


def _tell(answer: "asyncio.Future[Result]", outcome: Result | Exception) -> None:
    if answer.done():  # whoever asked has gone
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
        answer.exception()  # seen, even if nobody waits for it any more
    else:
        answer.set_result(outcome)


def _store(letters: list[_Waiting]) -> list[list[UUID] | Exception]:
    """Store letters; answer for each the ids of its messages, or why not."""
    started = time.monotonic()
    try:
        read = [one.read or read_mail(one.envelope, one.raw) for one in letters]
        outcomes = _twice(lambda: store_many(read))
    except (OperationalError, InterfaceError) as error:
        logger.warning("the database is away: %s", type(error).__name__)
        return [DatabaseAway() for _ in letters]
    except Exception as error:  # a writer must live on, and every sender must get an answer
        logger.exception("%d letters could not be stored", len(letters))
        connection.close()
        return [error for _ in letters]
    milliseconds = round((time.monotonic() - started) * 1000)
    for letter, outcome in zip(letters, outcomes, strict=True):
        _log(outcome, len(letter.raw), milliseconds)
    return [o if isinstance(o, Exception) else [m.pk for m in o] for o in outcomes]


def _log(outcome: Outcome, octets: int, milliseconds: int) -> None:
    if isinstance(outcome, Exception):
        logger.warning("a letter was not stored: %s", type(outcome).__name__)
        return
    for message in outcome:
        logger.info(
            "message %s: inbox %s, thread %s, %d octets, %d ms",
            message.pk,
            message.inbox_id,
            message.thread_id,
            octets,
            milliseconds,
        )


def _twice(deed: Callable[[], Result]) -> Result:
    """Do it, and once more when the connection that it began with turns out to be dead. What was
    committed without our knowing is found again as a repetition."""
    had_connection = connection.connection is not None
    try:
        return deed()
    except (OperationalError, InterfaceError):
        connection.close()
        if not had_connection:
            raise
    return deed()


def _ask(rcpt_to: str) -> Recipient | Exception | None:
    try:
        return _twice(lambda: find_recipient(rcpt_to))
    except Error as error:
        logger.warning("the database is away: %s", type(error).__name__)
        return DatabaseAway()
    except Exception as error:  # the thread must live on, and the session get an answer
        logger.exception("a recipient could not be looked up")
        return error
