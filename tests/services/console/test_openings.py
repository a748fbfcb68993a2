"""How often a page opens the warehouse's file, for which others wait meanwhile."""

from __future__ import annotations

import pytest

from shared.embedded.duckdb_file import DuckDbFile
from tests.conftest import DAY
from tests.graded import ANCHORED, NINE
from tests.services.console.graded import Console

MODELS, PLAYERS = "/console/models", "/console/players"


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    seen: list[None] = []
    take = DuckDbFile._take
    monkeypatch.setattr(DuckDbFile, "_take", lambda file: (seen.append(None), take(file))[1])
    return seen


def addresses(console: Console) -> list[str]:
    """Every page that asks the warehouse."""
    rows = console.rows(f"/console/today.csv?date={DAY}")
    model = console.rows("/console/models.csv")[0]["model_id"]
    return [
        f"/?date={DAY}",
        MODELS,
        f"{MODELS}/{model}",
        f"{MODELS}/{model}/promote",
        f"/console/performance?system={ANCHORED}",
        f"/console/coverage?end_date={DAY}",
        PLAYERS,
        "/console/unresolved",
        f"{PLAYERS}/{rows[0]['player_lookup']}",
        f"/console/predictions/{rows[0]['prediction_id']}?date={DAY}",
        "/console/health",
        f"/console/evidence?date={DAY}&system={NINE}",
        f"/console/findings?date={DAY}&wait=true",
        f"/console/features?date={DAY}&wait=true",
    ]


def test_a_page_opens_it_once_and_one_that_asks_nothing_not_at_all(
    console: Console, openings: list[None]
) -> None:
    for address in addresses(console):
        openings.clear()
        assert console.get(address).status_code == 200, address
        assert len(openings) == 1, address
    openings.clear()
    for address in ("/console/runs", "/console/findings?date=2024-07-01", "/console/nothing"):
        console.get(address)
    assert not openings
