from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.prediction_coordinator.app import build
from tests.application.worlds import Jobs
from tests.graded import ANCHORED, NINE
from tests.services.clients import ask
from tests.services.console.graded import OURS, Console
from tests.services.console.reading import Page

Named = Callable[[str], str]


@pytest.fixture
def named(graded: Jobs) -> Named:
    """A model's id by its human name."""
    return lambda name: str(graded.registry.find(name)["model_id"])


def test_the_list_leads_to_each_model_and_names_who_has_no_champion(console: Console, named: Named) -> None:
    page = console.page("/console/models")
    rows = page.table("Registered models")
    assert [(r[0], r[1].partition("since")[0]) for r in rows] == [
        (named("autumn") + "autumn", "★ champion"),
        (named("spring") + "spring", "◐ shadow"),
        (named("anchor") + "anchor", "○ candidate"),
    ]
    assert f"No champion: {ANCHORED}" in page.text
    assert f"/console/models/{named('autumn')}" in page.links
    assert (
        console.page(f"/console/models?system={ANCHORED}")
        .table("Registered models")[0][0]
        .startswith(ANCHORED)
    )
    csv_rows = console.rows(f"/console/models.csv?system={NINE}")
    assert [r["state"] for r in csv_rows] == ["champion", "shadow"]


def test_a_model_tells_its_window_its_gates_its_figures_and_its_lineage(
    console: Console, named: Named
) -> None:
    page = console.page(f"/console/models/{named('spring')}")
    part = console.page(f"/console/parts/gates?model={named('spring')}")
    gates = {r[0]: r[1:] for r in part.table("Current gates")}
    assert gates["shadow dates"] == ["✕ failed", "1 game dates in shadow, expected 7"]
    assert gates["graded"][0] == "✓ passed"
    assert next(iter(gates.values()))[0] == "✕ failed"  # what failed comes first
    assert "2024-05-23 to 2025-02-07" in console.page(f"/console/models/{named('autumn')}").text
    (figures,) = page.table("Graded rows of the last 90 days")
    assert figures[:2] == ["shadow", "114"]
    (champion,) = page.table("Other champions, latest first")
    assert champion[0] == named("autumn")
    for table, least in (("gates", 9), ("changes", 1), ("champions", 1), ("performance", 1)):
        assert len(console.rows(f"/console/models/{named('spring')}.csv?table={table}")) == least


def test_a_champion_cannot_be_promoted_again(console: Console, named: Named) -> None:
    page = console.page(f"/console/models/{named('autumn')}")
    assert not [link for link in page.links if link.endswith("/promote")]
    assert f"{NINE.upper()}_MODEL_PATH=" in page.text
    refused = console.page(f"/console/models/{named('autumn')}/promote")
    assert "The model is champion and cannot become champion, only retired or blocked" in refused.text
    answer = console.post(f"/console/models/{named('anchor')}/promote", reason="")
    assert answer.status_code == 422


def test_a_promotion_is_refused_with_the_gate_that_fails(console_copy: Console, named: Named) -> None:
    path = f"/console/models/{named('spring')}/promote"
    asked = console_copy.page(path)
    assert "failed. Promotion needs an override." in asked.text
    assert f"{named('autumn')} is retired" in asked.text
    answer = console_copy.post(path, reason="looks good")
    page = Page(answer.text)
    assert answer.status_code == 409
    assert "Not promoted." in page.text
    assert "shadow dates: 1 game dates in shadow, expected 7" in page.text
    assert 'value="looks good"' in answer.text  # what was typed is not lost
    assert console_copy.rows("/console/models.csv")[0]["human_name"] == "autumn"


def test_an_override_without_a_reason_changes_nothing(console_copy: Console, named: Named) -> None:
    answer = console_copy.post(f"/console/models/{named('spring')}/promote", reason="  ", override="1")
    assert answer.status_code == 422
    assert "The reason is empty" in Page(answer.text).text
    assert {r["human_name"]: r["state"] for r in console_copy.rows("/console/models.csv")} == {
        "autumn": "champion",
        "spring": "shadow",
        "anchor": "candidate",
    }


def test_an_override_with_a_reason_is_kept_with_who_gave_it_and_what_failed(
    console_copy: Console, named: Named
) -> None:
    answer = console_copy.post(
        f"/console/models/{named('spring')}/promote", reason="the old one leaks", override="1"
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"/console/models/{named('spring')}")
    page = console_copy.page(answer.headers["location"])
    assert "★ champion" in page.text
    change = page.table("State changes, latest first")[0]
    assert change[2:4] == ["★ champion", "the old one leaks (this machine, console)"]
    assert change[4].startswith("overridden: ")
    assert "shadow dates" in change[4]
    assert page.table("Gates at promotion")
    old = console_copy.page(f"/console/models/{named('autumn')}")
    assert f"replaced by {named('spring')}" in old.text


def test_a_service_that_may_not_change_the_registry_names_the_command_that_may(
    console: Console, named: Named
) -> None:
    assert console.coordinator.views is not None
    app = build(replace(console.coordinator, views=replace(console.coordinator.views, promotion=None)))
    path = f"/console/models/{named('spring')}/promote"
    for method, status in (("GET", 200), ("POST", 403)):
        answer = ask(app, method, path, data={"reason": "x", "override": "1"}, headers=OURS)
        assert answer.status_code == status
        assert f"props models promote {named('spring')} --reason REASON" in Page(answer.text).text
        assert "<form" not in answer.text
    assert console.rows("/console/models.csv")[0]["human_name"] == "autumn"


def test_a_form_of_another_site_promotes_nothing(console: Console, named: Named) -> None:
    path = f"/console/models/{named('spring')}/promote"
    sent = {"reason": "x", "override": "1"}
    answer = ask(console.app, "POST", path, data=sent, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert "expected a page of this console" in Page(answer.text).text
    assert console.rows("/console/models.csv")[0]["human_name"] == "autumn"


def test_a_blocked_model_is_refused_by_name(console_copy: Console, graded_copy: Jobs, named: Named) -> None:
    graded_copy.change(
        "UPDATE nba_predictions.model_registry SET state = 'blocked' WHERE model_id = @m", m=named("anchor")
    )
    path = f"/console/models/{named('anchor')}/promote"
    assert "The model is blocked and cannot become champion." in console_copy.page(path).text
    answer = console_copy.post(path, reason="x", override="1")
    assert answer.status_code == 422
    assert "from which it can become nothing" in Page(answer.text).text


def test_nothing_registered_is_a_page_that_says_how_to_begin(empty: Console) -> None:
    assert "No model is registered. props train SYSTEM" in empty.page("/console/models").text
    assert "model 'x' is not registered" in empty.page("/console/models/x", 404).text
    assert "'x', expected one of" in empty.page("/console/models?system=x", 422).text
    assert empty.rows("/console/models.csv") == []


def test_a_warehouse_that_is_away_is_named_on_the_page(tmp_path: Path) -> None:
    console = Console(tmp_path)
    (tmp_path / "warehouse.duckdb").mkdir()
    for path in ("/console/models", "/console/performance"):
        page = console.page(path, 503)
        assert "Some sources are unavailable" in page.text
        assert "props doctor" in page.text
    for path in ("/console/models/x", "/console/coverage", "/console/players", "/console/predictions/x"):
        assert "Try again in a moment" in console.page(path, 503).text
