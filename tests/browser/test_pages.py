"""Every page as a person meets it: with eyes, on a phone, with a keyboard, with a screen reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import PHONE, WIDE, Tab
from tests.browser.pages import PAGES, Case
from tests.browser.world import World

pytestmark = pytest.mark.browser
WorldOf = Callable[[Case], World]
every_page = pytest.mark.parametrize("case", PAGES, ids=lambda case: case.name)

LOUD = ("serious", "critical")
"""Findings of axe that nobody may have to live with."""


def opened(tab: Tab, world: World, case: Case) -> None:
    """The page of a case, whole."""
    status = tab.open(world.url + case.address.format(**world.places()))
    assert status == case.status


def told(tab: Tab, case: Case) -> list[str]:
    """What the browser's console says, but for the status that the page is meant to have."""
    meant = f"status of {case.status}"
    return [said for said in tab.complaints if case.status == 200 or meant not in said]


@every_page
def test_it_says_what_it_is_meant_to_and_the_browser_has_nothing_to_complain_of(
    tab: Tab, services_of: WorldOf, case: Case
) -> None:
    opened(tab, services_of(case), case)
    places = services_of(case).places()
    assert case.heading.format(**places) in tab.page.inner_text("h1")
    text = tab.page.inner_text("main")
    for words in case.sees:
        assert words.format(**places) in text
    assert told(tab, case) == []


@every_page
def test_it_is_looked_at_wide_and_on_a_phone_where_nothing_sticks_out(
    tab: Tab, services_of: WorldOf, case: Case
) -> None:
    for width in (WIDE, PHONE):
        tab.page.set_viewport_size({"width": width, "height": 900})
        opened(tab, services_of(case), case)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        tab.keep(f"{case.name}-{width}")
    tab.page.set_viewport_size({"width": WIDE, "height": 900})
    tab.page.emulate_media(color_scheme="dark")
    tab.keep(f"{case.name}-dark")


@every_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(tab: Tab, services_of: WorldOf, case: Case, scheme: Any) -> None:
    tab.page.emulate_media(color_scheme=scheme)
    opened(tab, services_of(case), case)
    found = tab.page.evaluate("async () => (await axe.run()).violations")
    loud = [
        f"{v['id']}: {v['help']}: {node['html'][:200]}"
        for v in found
        if v["impact"] in LOUD
        for node in v["nodes"][:3]
    ]
    assert loud == []


@every_page
def test_the_keyboard_skips_to_the_content(tab: Tab, services_of: WorldOf, case: Case) -> None:
    opened(tab, services_of(case), case)
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.className") == "skip"
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize("case", [c for c in PAGES if c.entry], ids=lambda case: case.name)
def test_the_keyboard_reaches_the_form_and_sends_it(tab: Tab, services_of: WorldOf, case: Case) -> None:
    assert case.entry is not None
    opened(tab, services_of(case), case)
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    for _ in range(60):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate("sought => document.activeElement.matches(sought)", case.entry.field):
            break
    else:
        pytest.fail(f"60 times Tab did not reach {case.entry.field}")
    if tab.page.evaluate("document.activeElement.tagName") == "INPUT":
        tab.page.keyboard.press("Control+A")
    tab.page.keyboard.type(case.entry.typed)
    while tab.page.evaluate("document.activeElement.tagName") == "SELECT":
        tab.page.keyboard.press("Tab")
    with tab.page.expect_navigation():
        tab.page.keyboard.press("Enter")
    assert case.entry.leads_to in tab.page.url


def test_a_long_command_does_not_widen_a_page_on_a_phone(tab: Tab, services: World) -> None:
    tab.page.set_viewport_size({"width": PHONE, "height": 900})
    tab.open(services.url + "/console/runs")
    tab.page.evaluate(
        "document.querySelector('main .card').insertAdjacentHTML('afterbegin', "
        "`<ul class='remedies'><li><code class='command'>${'props train '.repeat(20)}</code></li></ul>`)"
    )
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE
