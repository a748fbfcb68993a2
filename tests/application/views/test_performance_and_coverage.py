from __future__ import annotations

from datetime import timedelta

import pytest

from shared.application.grading.performance import Performance
from shared.application.views.coverage_map import CoverageMap, ShowCoverage
from shared.application.views.system_performance import ShowPerformance, SystemPerformance
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import Rejected
from tests.application.worlds import Jobs
from tests.conftest import DAY
from tests.graded import ANCHORED, FIRST, NINE, SYSTEMS


def performance(jobs: Jobs, system: str = NINE, days: int = 30, **more: str) -> SystemPerformance:
    return ShowPerformance(jobs.warehouse, jobs.clock)(system, days, **more)


def coverage(jobs: Jobs, **dates: object) -> CoverageMap:
    return ShowCoverage(jobs.coverage, jobs.clock)(**dates)  # type: ignore[arg-type]


@pytest.mark.parametrize("system", SYSTEMS)
def test_all_systems_at_once_say_what_each_says_alone(graded: Jobs, system: str) -> None:
    alone = {g["counted_as"]: g for g in Performance(graded.warehouse, graded.clock)(system, 30)["groups"]}
    rows = {r.counted_as: r for r in performance(graded).systems if r.group == system}
    assert set(rows) == set(alone)
    for kind, row in rows.items():
        of = alone[kind]
        assert (row.n, row.lined, row.decided, row.hit) == (
            of["n"],
            of["lined_n"],
            of["hit"]["n"],
            of["hit"]["rate"],
        )
        assert (row.mae, row.bias, row.lined_mae, row.line_mae) == tuple(
            pytest.approx(of[name], abs=1e-3) for name in ("mae", "bias", "lined_mae", "line_mae")
        )
        assert row.always_under == of["always_under"]["rate"]


def test_live_rows_are_shown_where_there_are_any_and_others_when_asked_for(graded: Jobs) -> None:
    live = performance(graded)
    assert live.counted_as == "LIVE"
    assert [r.counted_as for r in live.kinds] == ["LIVE", "BACKFILL", "SHADOW"]
    assert [d.game_date for d in live.dates] == [DAY]
    past = performance(graded, counted_as="BACKFILL")
    assert {d.game_date for d in past.dates} <= {FIRST + timedelta(days=i) for i in range(13)}
    assert [d.game_date for d in past.dates] == sorted(d.game_date for d in past.dates)
    assert sum(d.lined for d in past.dates) == next(r.lined for r in past.kinds if r.counted_as == "BACKFILL")


def test_hit_rates_by_edge_come_with_intervals_and_hold_every_row(graded: Jobs) -> None:
    view = performance(graded, counted_as="BACKFILL")
    whole = next(r for r in view.kinds if r.counted_as == "BACKFILL")
    assert sum(r.n for r in view.groups) == whole.n
    assert sum(r.decided for r in view.groups) == whole.decided
    order = ["below 1", "1 to 2", "2 to 3", "3 to 5", "5 and more", "no line"]
    assert [r.group for r in view.groups] == [g for g in order if g in {r.group for r in view.groups}]
    for row in view.groups:
        if row.decided:
            assert row.hit_low is not None
            assert row.hit is not None
            assert row.hit_high is not None
            assert row.hit_low <= row.hit <= row.hit_high


def test_chances_are_held_against_what_came(graded: Jobs) -> None:
    view = performance(graded, ANCHORED, counted_as="BACKFILL")
    assert len(view.chances) == 5
    assert [c.said for c in view.chances] == sorted(c.said for c in view.chances)
    for c in view.chances:
        assert 0.0 <= c.low <= c.seen <= c.high <= 1.0
    assert view.chance_error == pytest.approx(
        sum(c.n * abs(c.said - c.seen) for c in view.chances) / sum(c.n for c in view.chances)
    )
    assert performance(graded, "moving_average").chances == ()  # it gives no chance


def test_a_window_without_rows_is_empty(graded: Jobs) -> None:
    view = performance(graded, "catboost_v8", days=1)
    assert (view.counted_as, view.kinds, view.groups, view.dates, view.systems) == (None, (), (), (), ())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"system": "catboost_v7"}, "system 'catboost_v7', expected one of"),
        ({"days": 0}, "days 0, expected at least 1"),
        ({"days": 401}, "days 401, expected at most 400"),
        ({"by": "moon"}, "by 'moon', expected one of signal"),
        ({"counted_as": "MAYBE"}, "counted_as 'MAYBE', expected one of LIVE"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(graded: Jobs, more: dict[str, object], words: str) -> None:
    with pytest.raises(Rejected, match=words):
        performance(graded, **more)  # type: ignore[arg-type]


def test_the_map_adds_up_to_the_coverage_of_its_span(graded: Jobs) -> None:
    view = coverage(graded, first=FIRST, last=DAY)
    assert set(view.systems) == set(SYSTEMS)
    assert [s for s in SYSTEM_IDS if s in view.systems] == list(view.systems)
    whole = graded.coverage(FIRST, DAY)
    for system in view.systems:
        cells = [c for c in view.cells if c.system_id == system]
        assert sum(c.predictions for c in cells) == whole[system].predictions
        assert sum(c.due for c in cells) == whole[system].due
        assert sum(c.graded for c in cells) == whole[system].graded
        assert sum(c.no_line for c in cells) == whole[system].undue["no_line"]
    for cell in view.cells:
        undue = cell.after_tipoff + cell.inactive + cell.no_line + cell.not_final + cell.void
        assert cell.predictions == cell.due + undue
    assert (view.worst, view.incomplete_cells) == ("OK", ())


def test_what_was_due_and_is_not_graded_is_seen_in_its_cell(graded_copy: Jobs) -> None:
    graded_copy.change(
        "DELETE FROM nba_predictions.prediction_accuracy WHERE game_date = @d AND system_id = @s",
        d=DAY,
        s=NINE,
    )
    view = coverage(graded_copy)
    cell = view.cell(DAY, NINE)
    assert cell is not None
    assert (cell.graded, cell.coverage, cell.level) == (0, 0.0, "CRITICAL")
    assert view.worst == "CRITICAL"
    assert [(c.game_date, c.system_id) for c in view.incomplete_cells] == [(DAY, NINE)]
    assert view.cell(DAY, "catboost_v8") is None


def test_dates_without_rows_are_no_columns_and_a_long_span_is_refused(graded: Jobs) -> None:
    empty = coverage(graded, first=DAY + timedelta(days=5))
    assert (empty.cells, empty.dates, empty.worst) == ((), (), "NOT_DUE")
    assert (empty.last - empty.first).days == 13
    with pytest.raises(Rejected, match="expected 2025-03-19 or later"):
        coverage(graded, first=DAY, last=DAY - timedelta(days=1))
    with pytest.raises(Rejected, match="expected at most 62 dates"):
        coverage(graded, first=DAY - timedelta(days=62), last=DAY)
