"""A promotion that a gate refuses, as a person meets it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Tab
from tests.browser.world import World

pytestmark = pytest.mark.browser


def test_a_promotion_is_refused_with_the_gate_that_fails_and_nothing_typed_is_lost(
    tab: Tab, graded_services: World
) -> None:
    spring = graded_services.models["spring"]
    tab.open(f"{graded_services.url}/console/models/{spring}")
    tab.page.get_by_role("link", name="Promote …").click()
    tab.page.locator("#reason").fill("looks good to me")
    tab.page.keyboard.press("Enter")
    said = tab.page.get_by_role("alert")
    said.wait_for()
    assert "Not promoted" in said.inner_text()
    assert "shadow dates: 1 game dates in shadow, expected 7" in said.inner_text()
    assert tab.page.locator("#reason").input_value() == "looks good to me"
    tab.keep("promote-refused-1280")
    tab.page.set_viewport_size({"width": PHONE, "height": 900})
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE
    tab.keep("promote-refused-360")
    tab.open(f"{graded_services.url}/console/models/{spring}")
    assert "shadow" in tab.page.inner_text("h1")


def test_without_a_reason_the_form_is_not_sent(tab: Tab, graded_services: World) -> None:
    spring = graded_services.models["spring"]
    tab.open(f"{graded_services.url}/console/models/{spring}/promote")
    tab.page.get_by_label("Override the failed gates").check()
    tab.page.get_by_role("button", name="Promote").click()
    assert tab.page.evaluate("document.querySelector('#reason').validity.valueMissing")
    assert tab.page.url.endswith("/promote")


CHARTED = {
    "/console/performance?system=line_anchored_v1&counted_as=BACKFILL": 3,
    "/console/coverage?start_date=2025-03-06&end_date={day}": 1,
    "/console/players/{player}": 1,
    "/console/predictions/{prediction_id}?date={day}": 1,
}


@pytest.mark.parametrize("address", CHARTED, ids=lambda a: a.split("/")[2].partition("?")[0])
def test_each_chart_is_drawn_and_says_what_it_is_of(tab: Tab, graded_services: World, address: str) -> None:
    tab.open(graded_services.url + address.format(**graded_services.places()))
    drawn = tab.page.locator("figure.chart svg[role=img]")
    expect(drawn).to_have_count(CHARTED[address])  # drawn after the page has loaded
    for i in range(drawn.count()):
        assert len(drawn.nth(i).get_attribute("aria-label") or "") > 20
        assert drawn.nth(i).locator("circle, rect, path, line").count() > 3
    assert tab.complaints == []
