"""The page in a headless Chromium: `pytest .ci/page --stepline target/debug/stepline`, from the root of the repository.

Whatever a test looks at, nothing may be said in the console, no error may be thrown, no dialog may open, and nothing
outside of loopback may be asked for: `Visit` looks at the end.
"""

import contextlib
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True

from world import World, chromium

LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "::1"}
# A name that leads here, as one of an attacker's would after it was rebound.
EVIL = "evil.test"
# Seconds are enough, but the machine may be busy.
expect.set_options(timeout=30_000)
SIZES = {"wide": (1400, 1000), "narrow": (360, 800)}


def pytest_addoption(parser):
    parser.addoption("--stepline", default="target/debug/stepline", help="the command to test")
    parser.addoption("--screenshots", help="a folder for pictures of each view, in both schemes")


def pytest_collection_modifyitems(items):
    # The world begins empty, and grows: who watches the first run comes first, who looks at everything last.
    order = ["test_watching", "test_failing", "test_logs", "test_injection", "test_long", "test_axe", "test_safety"]
    items.sort(key=lambda item: order.index(item.module.__name__) if item.module.__name__ in order else len(order))


@pytest.fixture(scope="session")
def world(request, tmp_path_factory):
    made = World(str(Path(request.config.getoption("--stepline")).resolve()), tmp_path_factory.mktemp("account") / "state")
    yield made
    made.end()


@pytest.fixture(scope="session")
def browser():
    # Chromium does not sandbox what root runs.
    options = ["--no-sandbox"] if os.getuid() == 0 else []
    # There is no screen, and little shared memory in a container.
    options += ["--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        # Chromium of late asks before a page reaches for this machine; other browsers do not, and so nothing leans on it.
        options += [f"--host-resolver-rules=MAP {EVIL} 127.0.0.1", "--disable-features=LocalNetworkAccessChecks"]
        running = Browser(lambda: playwright.chromium.launch(executable_path=chromium(), args=options))
        yield running
        running.close()


class Browser:
    """A Chromium, or the next one where it has crashed: one crash shall not fail every test behind it."""

    def __init__(self, launch) -> None:
        self.launch = launch
        self.launched = launch()

    def _connected(self):
        if not self.launched.is_connected():
            self.launched = self.launch()
        return self.launched

    def new_context(self, **options):
        return self._connected().new_context(**options)

    def new_page(self, **options):
        return self._connected().new_page(**options)

    def close(self) -> None:
        self.launched.close()


class Visit:
    """A page of the browser, and what went wrong on it."""

    def __init__(self, browser, world, size="wide", scheme="light", locale="en-US") -> None:
        width, height = SIZES.get(size, size)
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale
        )
        self.page = self.context.new_page()
        self.world = world
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda said: self.say(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.say(f"thrown: {error}"))
        self.page.on("dialog", self.dialog)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.set_default_timeout(60_000)

    def say(self, what: str) -> None:
        self.wrong.append(f"{self.page.url}: {what}")

    def dialog(self, dialog) -> None:
        self.say(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, path: str):
        answer = self.page.goto(self.world.page + path)
        if answer.status == 404:
            # The browser itself says so of a document that is not there.
            self.wrong = [said for said in self.wrong if "404 (Not Found)" not in said]
        return answer

    def mark(self) -> None:
        """What a reload would lose."""
        self.page.evaluate("window.isTheSame = true")

    def is_the_same(self) -> bool:
        return self.page.evaluate("window.isTheSame === true")

    def check(self) -> None:
        assert not self.wrong, "\n".join(self.wrong)
        elsewhere = [url for url in self.asked if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).hostname not in LOOPBACK]
        assert not elsewhere, elsewhere


@pytest.fixture
def visit(browser, world):
    """Opens pages of their own; each is checked at the end."""
    visits = []

    def opened(**options) -> Visit:
        visits.append(Visit(browser, world, **options))
        return visits[-1]

    yield opened
    for one in visits:
        with contextlib.suppress(Error):  # It may have gone with its browser.
            one.context.close()
    for one in visits:
        one.check()
