"""What changes while it is looked at: a run from its form to its end, and services that are away."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Tab
from tests.browser.world import World

pytestmark = pytest.mark.browser


def test_a_run_is_started_and_watched_until_it_has_ended(tab: Tab, services: World) -> None:
    tab.open(f"{services.url}/console/runs")
    page = tab.page
    page.get_by_text("Options").click()
    page.get_by_label("Force").check()
    page.locator("#reason").fill("to see it run")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(r"/console/runs/\d{8}-\w+$"))
    assert (
        page.get_by_text("players have an outcome")
        .or_(page.get_by_text("expected players predicted"))
        .count()
    )
    tab.keep("run-under-way-1280")
    page.get_by_text("115 of 115 expected players predicted").first.wait_for(timeout=60_000)
    assert page.locator("#live[hx-trigger]").count() == 0
    assert "to see it run (this machine, console)" in page.inner_text("section[aria-labelledby=history]")
    assert page.get_by_role("link", name=services.run_id).count() == 1
    assert tab.complaints == []


def test_a_run_of_a_date_without_games_is_refused_on_the_form(tab: Tab, services: World) -> None:
    tab.open(f"{services.url}/console/runs")
    tab.page.locator("#game_date").fill("2025-07-01")
    tab.page.keyboard.press("Enter")
    said = tab.page.get_by_role("alert")
    said.wait_for()
    assert "no games in the schedule" in said.inner_text()
    assert tab.page.locator("#game_date").input_value() == "2025-07-01"
    tab.keep("run-refused-1280")


def test_without_the_broker_no_run_starts_and_the_form_says_so(tab: Tab, services: World) -> None:
    services.services.processes["broker"].terminate()
    services.services.processes["broker"].wait(20)
    try:
        tab.open(f"{services.url}/console/runs")
        tab.page.get_by_text("Options").click()
        tab.page.get_by_label("Force").check()
        tab.page.get_by_role("button", name="Start").click()
        said = tab.page.get_by_role("alert")
        said.wait_for(timeout=60_000)
        assert "No run was started" in said.inner_text()
        tab.keep("broker-away-1280")
    finally:
        services.services.restart("broker")


def test_without_its_store_today_names_it_and_shows_the_rest(tab: Tab, services: World) -> None:
    store, aside = services.home / "warehouse.duckdb", services.home / "aside"
    store.rename(aside)
    store.mkdir()
    try:
        assert tab.open(services.url) == 503
        text = tab.page.inner_text("main")
        assert "Some sources are unavailable" in text
        assert "warehouse:" in text
        assert services.run_id[:8] in tab.page.inner_text("section[aria-labelledby=serving]")
        tab.keep("store-away-1280")
    finally:
        store.rmdir()
        aside.rename(store)


RENEW = (
    "htmx.ajax('GET', '/console/runs', {target: '#runs', select: '#runs', swap: 'outerHTML'}).catch(() => {})"
)


def test_a_page_that_renews_itself_says_when_the_console_is_away_and_when_it_is_back(
    tab: Tab, services: World
) -> None:
    tab.open(f"{services.url}/console/runs")
    notice = tab.page.locator("#connection")
    assert notice.is_hidden()
    tab.page.route("**/console/runs", lambda route: route.abort())
    tab.page.evaluate(RENEW)
    notice.wait_for(state="visible")
    tab.keep("console-away-1280")
    tab.page.unroute("**/console/runs")
    tab.page.evaluate(RENEW)
    notice.wait_for(state="hidden")


def test_a_part_that_cannot_be_loaded_says_so_and_keeps_its_link(tab: Tab, services: World) -> None:
    tab.page.route("**/console/parts/features", lambda route: route.abort())
    tab.open(f"{services.url}/console/health")
    part = tab.page.locator("#features")
    assert "This could not be loaded" in part.inner_text()
    assert part.get_by_role("link", name="open the features page").count() == 1
    assert tab.page.locator("#connection").is_visible()


def test_without_javascript_every_part_is_reached_by_a_link(browser: Browser, services: World) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(services.url)
        page.get_by_role("link", name="open the findings page").click()
        if page.get_by_role("link", name="wait for the page").count():
            page.get_by_role("link", name="wait for the page").click()
        assert "predictions:catboost_v9" in page.inner_text("table")
        page.goto(f"{services.url}/console/runs")
        page.locator("#game_date").fill("2025-07-01")
        page.get_by_role("button", name="Start").click()
        assert "No run was started" in page.get_by_role("alert").inner_text()


def test_rows_that_the_first_paint_left_out_are_there_once_the_page_stands(tab: Tab, services: World) -> None:
    tab.open(services.url + "/console/runs/{run_id}".format(**services.places()))
    rows = tab.page.locator(".scroll tbody tr")
    assert rows.count() > 30
    assert rows.evaluate_all("all => all.filter(row => row.getClientRects().length === 0).length") == 0
