"""A real browser in front of the real system: web process and worker on the test's database.

Playwright keeps an event loop in this thread, where Django would then refuse to talk to its
database: hence DJANGO_ALLOW_ASYNC_UNSAFE, as long as these tests run.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from accounts.models import User
from inboxes.models import Inbox
from mailagent.supervisor import browser as browsers
from tests.database import database_url
from tests.events.listening import ROOT, Web, free_port, start_web, stop_web

HOLD_SECONDS = 120  # nothing leaves on its own while a test still looks at it
PATIENCE_MS = 30_000  # costs time only where something fails
PASSWORD = "a long pass phrase"
LOST_RACE = "status of 409"  # an answer of ours, which the browser notes as well
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module", autouse=True)
def allow_the_database() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE_MS)
        yield


@pytest.fixture(scope="module")
def chromium(allow_the_database: None) -> Iterator[Browser]:
    found = browsers.find(os.environ)
    if found is None:
        pytest.skip("no browser: set MAILAGENT_BROWSER to a Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(found), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared_web(django_db_setup: None) -> Iterator[Web]:
    web = start_web(free_port(), MAILAGENT_PICTURES_ALLOW="127.0.0.1/32")
    yield web
    stop_web(web)


@pytest.fixture(scope="module")
def worker(django_db_setup: None) -> Iterator[None]:
    """A Celery worker that lets out what is approved."""
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "mailagent", "worker", "-P", "threads", "-c", "2"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url(), "MAILAGENT_TRANSPORT": "catcher"},
    )
    yield
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
def web(transactional_db: None, shared_web: Web) -> Web:
    return shared_web


@pytest.fixture
def inbox(transactional_db: None, inbox: Inbox) -> Inbox:
    """support@acme.example, with a hold that no test outlives."""
    inbox.hold_seconds = HOLD_SECONDS
    inbox.save(update_fields=["hold_seconds"])
    return inbox


@dataclass
class Seat:
    """One person at one browser, and what went wrong there."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def wait_until_live(self) -> None:
        """Signals are heard, and every script of the page listens to keys."""
        self.page.wait_for_load_state("load")
        self.page.locator(".live[data-state=live]").first.wait_for(state="attached")


@pytest.fixture
def sit_down(chromium: Browser, web: Web) -> Iterator[Callable[..., Seat]]:
    """Open a browser, signed in. Whatever the console complains of fails the test in the end, and
    so does a request to anywhere but our own web process, which is never let through."""
    seats: list[Seat] = []

    def sit(user: User, **options: object) -> Seat:
        context = chromium.new_context(base_url=web.http, **options)
        context.set_default_timeout(PATIENCE_MS)
        seat = Seat(context.new_page(), context)
        watch(seat, web)
        seats.append(seat)
        seat.page.goto("/")
        seat.page.get_by_label("Email address").fill(user.email)
        seat.page.get_by_label("Password").fill(PASSWORD)
        seat.page.get_by_role("button", name="Sign in").click()
        seat.page.get_by_role("heading", name="Queue").wait_for()
        return seat

    yield sit
    complaints = [each for seat in seats for each in seat.complaints if LOST_RACE not in each]
    elsewhere = [each for seat in seats for each in seat.elsewhere]
    for seat in seats:
        seat.context.close()
    assert complaints == []
    assert elsewhere == []


def watch(seat: Seat, web: Web) -> None:
    """Note complaints, and keep every request away from other hosts."""

    def guard(route: object, request: Request) -> None:
        if request.url.startswith((web.http, "data:")):
            route.continue_()  # type: ignore[attr-defined]
        else:
            seat.elsewhere.append(request.url)
            route.abort()  # type: ignore[attr-defined]

    seat.context.route("**/*", guard)
    for page_event, words in (("pageerror", str), ("crash", str)):
        seat.page.on(page_event, lambda each, words=words: seat.complaints.append(words(each)))
    seat.page.on(
        "console",
        lambda each: each.type in ("error", "warning") and seat.complaints.append(each.text),
    )
    seat.page.on("dialog", lambda dialog: (seat.complaints.append(dialog.message), dialog.accept()))
