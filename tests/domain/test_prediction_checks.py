"""Bounds of a batch of predictions; ``docs/adr/0029`` has the measurements behind them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.prediction_checks import Accepted, PredictionBatch, check_predictions


def batch(mean: float = 11.0, spread: float = 6.0, rows: int = 100, line_gap: float = 0.2) -> PredictionBatch:
    """An honest slate, but for what is changed of it."""
    return PredictionBatch(
        system_id="catboost_v9",
        rows=rows,
        points=mean * rows,
        squares=(spread**2 + mean**2) * rows,
        lowest=1.0,
        highest=32.0,
        lined_rows=rows // 2,
        line_gap=line_gap * (rows // 2),
        usual_rows=rows,
        usual_gap=(mean - 11.0) * rows,
        keys=rows,
        answered=rows,
    )


EARLIER = [Accepted(120, 11.0 + i / 10, 6.0) for i in range(5)]


def figures(of: PredictionBatch, accepted: list[Accepted] | None = None) -> list[str]:
    return [f.figure for f in check_predictions(of, EARLIER if accepted is None else accepted)]


def test_an_honest_batch_passes_with_and_without_a_past() -> None:
    assert figures(batch()) == figures(batch(), []) == []
    assert figures(batch(rows=3), []) == []


@pytest.mark.parametrize(
    ("wrong", "figure"),
    [
        (replace(batch(), lowest=-40.0), "a row of"),
        (replace(batch(), highest=95.0), "a row of"),
        (batch(line_gap=-4.5), "mean(predicted - line)"),
        (batch(line_gap=+4.5), "mean(predicted - line)"),
        (batch(mean=5.0), "mean(predicted - last ten games)"),
        (replace(batch(mean=17.0), usual_rows=0), "mean"),
        (batch(spread=1.0), "spread"),
        (batch(spread=14.0), "spread"),
        (replace(batch(), answered=40), "rows for"),
    ],
)
def test_each_figure_has_its_bound(wrong: PredictionBatch, figure: str) -> None:
    (*_, finding) = [f for f in check_predictions(wrong, EARLIER) if f.figure == figure]
    assert finding.system_id == "catboost_v9"
    assert "expected" in str(finding)


def test_the_fewer_rows_the_wider_the_bound() -> None:
    assert figures(batch(line_gap=-4.5, rows=200)) == ["mean(predicted - line)"]
    assert figures(batch(line_gap=-4.5, rows=20)) == []


def test_a_batch_of_points_per_minute_is_found_on_any_slate() -> None:
    for rows in (6, 15, 60, 230):
        tiny = replace(batch(mean=0.45, spread=0.15, rows=rows, line_gap=-13.0), lowest=0.2, highest=0.9)
        assert figures(tiny, []) != []


def test_one_wrong_batch_in_the_past_does_not_move_the_comparison() -> None:
    assert figures(batch(), [Accepted(120, 0.45, 0.15), *EARLIER]) == []


def test_a_selection_of_players_is_not_compared_with_whole_slates() -> None:
    bench = replace(batch(mean=3.0, spread=1.0), usual_gap=0.0)
    assert figures(bench) == ["mean", "spread"]
    assert figures(replace(bench, is_whole_slate=False)) == []


def test_players_without_features_count_once_a_season_is_under_way() -> None:
    first_days = replace(batch(), answered=16, keys=70, without_features=54)
    assert figures(first_days, []) == []
    assert figures(first_days) == ["rows for"]
    assert figures(replace(first_days, system_id="similarity_balanced_v1")) == []
