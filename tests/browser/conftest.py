"""A browser, and the services that it looks at; both start when the first test asks and serve the session."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from shared.model_registry.bundle import Bundle
from tests.application.worlds import Jobs
from tests.browser import install
from tests.browser.pages import Case
from tests.browser.world import World, graded_world, world

WIDE, PHONE = 1280, 360


@pytest.fixture(scope="session")
def services(
    loaded: Path, bundles: list[Bundle], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    made = world(loaded, bundles, tmp_path_factory.mktemp("console"))
    with made.services:
        made.run_id = made.run()
        made.find_one_prediction()
        yield made


@pytest.fixture(scope="session")
def graded_services(
    graded: Jobs, graded_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    names = {m["human_name"]: m["model_id"] for m in graded.registry.models()}
    made = graded_world(graded_folder, names, tmp_path_factory.mktemp("graded-console"))
    with made.services:
        made.find_one_prediction()
        yield made


@pytest.fixture
def services_of(request: pytest.FixtureRequest) -> Callable[[Case], World]:
    """The world in which a page is looked at; each is made when it is first wanted."""
    return lambda case: request.getfixturevalue("graded_services" if case.graded else "services")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """What a fresh machine lacks skips the tests; in CI nothing may be skipped unseen, so it fails them."""
    why = install.missing()
    if why is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    install.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root; what it shows here is ours alone.
        sandbox = os.geteuid() != 0
        browser = playwright.chromium.launch(
            executable_path=install.chromium(), args=list(install.FLAGS), chromium_sandbox=sandbox
        )
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page of the browser, and what its console had to complain of."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def open(self, address: str) -> int:
        """Go there and wait until everything has been loaded; the status of the answer."""
        answer = self.page.goto(address)
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_selector("[aria-busy=true]", state="detached", timeout=20_000)
        assert answer is not None
        return answer.status

    def keep(self, name: str) -> None:
        self.page.screenshot(path=install.SCREENSHOTS / f"{name}.png", full_page=True)


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    with browser.new_context(viewport={"width": WIDE, "height": 900}) as context:
        context.add_init_script(path=install.AXE)
        yield Tab(context.new_page())
