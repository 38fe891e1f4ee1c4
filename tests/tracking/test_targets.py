"""Looking up where clicks lead: together, remembered for a moment, and without the database."""

import asyncio
import uuid

import pytest
from django.db import OperationalError

from tracking import targets
from tracking.targets import FRESH, KEPT, Targets, TooManyAsked

LINKS = {uuid.uuid4(): f"https://shop.example/{n}" for n in range(50)}
SOME = list(LINKS)


class Table:
    """The links, and what was asked of them; `fails`: how many queries from now on fail."""

    def __init__(self) -> None:
        self.asked: list[list[uuid.UUID]] = []
        self.fails = 0
        self.now = 1_000.0

    def look_up(self, link_ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
        self.asked.append(link_ids)
        if self.fails:
            self.fails -= 1
            raise OperationalError("away")
        return {each: LINKS[each] for each in link_ids if each in LINKS}


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def known(table: Table) -> Targets:
    return Targets(table.look_up, clock=lambda: table.now)


def test_links_asked_for_while_a_query_runs_are_one_query(table, known):
    async def ask():
        first = known.ask(SOME[0])
        await asyncio.sleep(0)
        return await asyncio.gather(first, *map(known.ask, SOME[1:]), known.ask(SOME[1]))

    found = asyncio.run(ask())

    assert found == [*LINKS.values(), LINKS[SOME[1]]]
    assert [len(each) for each in table.asked] == [1, 49]


def test_a_target_is_known_for_a_moment_and_then_asked_for_again(table, known):
    async def ask():
        return await known.ask(SOME[0])

    asyncio.run(ask())

    assert known.known(SOME[0]) == LINKS[SOME[0]]
    table.now += FRESH
    assert known.known(SOME[0]) is None


def test_a_link_that_is_gone_is_forgotten_when_it_is_asked_for(table, known, monkeypatch):
    async def ask():
        return await known.ask(SOME[0])

    asyncio.run(ask())
    monkeypatch.delitem(LINKS, SOME[0])
    table.now += FRESH

    assert asyncio.run(ask()) is None
    table.fails = 9
    with pytest.raises(OperationalError):
        asyncio.run(ask())


def test_while_the_database_is_away_what_is_remembered_leads_on(table, known):
    async def ask(link_id):
        return await known.ask(link_id)

    asyncio.run(ask(SOME[0]))
    table.now += KEPT / 2
    table.fails = 3

    assert asyncio.run(ask(SOME[0])) == LINKS[SOME[0]]
    assert known.known(SOME[0]) == LINKS[SOME[0]]  # without asking again
    with pytest.raises(OperationalError):
        asyncio.run(ask(SOME[1]))
    table.now += KEPT
    assert known.known(SOME[0]) is None


def test_a_database_that_was_restarted_is_asked_once_more(table, known):
    async def ask():
        return await known.ask(SOME[0])

    table.fails = 1

    assert asyncio.run(ask()) == LINKS[SOME[0]]


def test_a_fault_of_ours_leaves_nobody_without_an_answer(known):
    async def ask():
        with pytest.raises(KeyError):
            await broken.ask(SOME[0])
        with pytest.raises(KeyError):
            await broken.ask(SOME[1])

    def fail(_):
        raise KeyError

    broken = Targets(fail)
    asyncio.run(asyncio.wait_for(ask(), 10))


def test_what_is_remembered_and_what_waits_is_bounded(table, known, monkeypatch):
    monkeypatch.setattr(targets, "MOST_KEPT", 10)
    monkeypatch.setattr(targets, "MOST_ASKED", 20)

    async def ask():
        waiting = [known.ask(each) for each in SOME[:20]]
        with pytest.raises(TooManyAsked):
            await known.ask(SOME[20])
        await asyncio.gather(*waiting)

    asyncio.run(ask())

    assert [known.known(each) is not None for each in SOME[:20]] == [False] * 10 + [True] * 10
