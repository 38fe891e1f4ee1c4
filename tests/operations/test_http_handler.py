"""How HTTP requests are given to threads."""

import asyncio
import threading
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.http import HttpRequest, HttpResponse
from django.urls import path

from mailagent.http_handler import MOST_IDLE, OneHopHandler

pytestmark = pytest.mark.urls(__name__)

door = threading.Event()


def tell_thread(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(threading.get_ident()))


def wait_at_the_door(request: HttpRequest) -> HttpResponse:
    door.wait(10)
    return tell_thread(request)


urlpatterns = [path("now", tell_thread), path("later", wait_at_the_door)]


@pytest.fixture
def handler():
    door.clear()
    yield OneHopHandler()
    door.set()


async def begin(handler: OneHopHandler, where: str) -> ApplicationCommunicator:
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": where,
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
    }
    caller = ApplicationCommunicator(handler, scope)
    await caller.send_input({"type": "http.request"})
    return caller


async def answer(caller: ApplicationCommunicator) -> str:
    start = await caller.receive_output(10)
    assert start["status"] == 200
    body = (await caller.receive_output(10))["body"].decode()
    await caller.wait(10)
    return str(body)


async def ask(handler: OneHopHandler, where: str) -> str:
    return await answer(await begin(handler, where))


def test_one_request_after_the_other_is_answered_in_the_same_thread(handler):
    async def scene() -> set[str]:
        return {await ask(handler, "/now") for _ in range(5)}

    threads = asyncio.run(scene())
    assert len(threads) == 1
    assert threads != {str(threading.get_ident())}


def test_a_request_that_takes_long_holds_no_other_back(handler):
    async def scene() -> tuple[str, str]:
        slow = await begin(handler, "/later")
        quick = await ask(handler, "/now")
        door.set()
        return quick, await answer(slow)

    quick, slow = asyncio.run(scene())
    assert quick != slow


def test_the_thread_of_one_who_hung_up_gets_no_request_while_it_is_at_work(handler):
    async def scene() -> str:
        gone = await begin(handler, "/later")
        while not any(thread.name.startswith("request") for thread in threading.enumerate()):
            await asyncio.sleep(0.01)
        gone.stop(exceptions=False)
        await asyncio.sleep(0.05)
        return await ask(handler, "/now")

    assert asyncio.run(scene())


def test_of_many_threads_only_a_few_are_kept(handler):
    async def scene() -> None:
        callers = [await begin(handler, "/later") for _ in range(MOST_IDLE + 4)]
        await asyncio.sleep(0.1)
        door.set()
        await asyncio.gather(*(answer(caller) for caller in callers))

    asyncio.run(scene())
    assert len(handler._idle) == MOST_IDLE
