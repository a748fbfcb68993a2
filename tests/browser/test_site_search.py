"""The search of the documentation, in the site as it is built and served: it needs no host but its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from docs_tools import site
from tests.browser.conftest import Tab

pytestmark = pytest.mark.browser

SECONDS = 20.0


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where ``python -m http.server`` serves the site while the tests of this module run."""
    if not site.GENERATOR.exists():
        why = "no site generator: make docs"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    folder = tmp_path_factory.mktemp("served") / "site"
    assert site.build(folder) == 0
    port = free_port()
    command = [sys.executable, "-m", "http.server", "--directory", str(folder), "--bind", "127.0.0.1"]
    with subprocess.Popen(
        [*command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            until_served(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def until_served(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while server.poll() is None and time.monotonic() < end:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"nobody answers on port {port}")


@pytest.mark.parametrize(
    ("words", "page", "heading"),
    [
        ("denominators", "docs/glossary.html", "Glossary of denominators"),
        ("Phase 4", "docs/how-to/empty-feature-store.html", "Why is the feature store empty?"),
        ("SHADOW_MODEL_PATHS", "docs/reference/settings.html", "Settings"),
    ],
)
def test_a_word_leads_to_the_page_that_tells_of_it(
    tab: Tab, address: str, words: str, page: str, heading: str
) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    assert tab.open(f"{address}/index.html") == 200
    tab.page.get_by_role("button", name="Search").click()
    tab.page.get_by_role("combobox", name="Search").fill(words)
    tab.page.locator(f'[id$="-results"] a[href*="{page}"]').first.click()
    tab.page.wait_for_url(f"{address}/{page}**")
    assert heading in tab.page.inner_text("h1")
    assert tab.complaints == []
    assert [url for url in asked if not url.startswith(address)] == []
