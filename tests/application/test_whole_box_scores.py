"""Predictions are graded once the box score of their game is whole."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from shared.application.grading.grade import GradeStatus
from shared.domain.findings import Severity
from shared.embedded.sample_league import AFTER_GAMES
from tests.application.folders import Rows, changed, every, folder_of
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY


@pytest.fixture
def predicted(loaded: Path, tmp_path: Path, model_paths: dict[str, Path]) -> Jobs:
    jobs = Jobs(copy_of(loaded, tmp_path), model_paths)
    jobs.predict()
    return jobs.at(AFTER_GAMES)


def game_of(jobs: Jobs) -> dict[str, str]:
    """A game of the day, with its id here and at the source."""
    (game,) = jobs.rows(
        "SELECT game_id, nba_game_id, home_team_tricode AS home FROM nba_reference.nba_schedule "
        "WHERE game_date = @d ORDER BY game_id LIMIT 1",
        d=DAY,
    )
    return game


def evidence(jobs: Jobs) -> tuple[Severity, str]:
    (found,) = [f for f in jobs.validate(DAY) if f.check == "box_scores"]
    return found.severity, found.evidence


def test_a_part_of_a_box_score_waits_with_what_is_missing_and_the_corrected_file_grades_it(
    predicted: Jobs, results_folder: Path, tmp_path: Path
) -> None:
    game = game_of(predicted)

    def without_the_best(rows: Rows) -> Rows:
        mine = [
            r
            for r in rows
            if r["game_id"] == game["nba_game_id"] and r["team"] == game["home"] and r["did_play"]
        ]
        return [r for r in rows if r is not max(mine, key=lambda r: r["points"])]

    part = folder_of(tmp_path / "part", results_folder, games=every, player_game_logs=without_the_best)
    predicted.reveal(part)
    got = predicted.grade(DAY, DAY)
    assert [d.status for d in got.dates] == [GradeStatus.PARTIAL]
    assert set(got.dates[0].incomplete) == {game["game_id"]}
    missing = got.dates[0].incomplete[game["game_id"]]
    assert missing.startswith(f"{game['home']}: points of 12 rows add up to ")
    assert game["game_id"] not in {r["game_id"] for r in predicted.accuracy()}
    cover = predicted.coverage(DAY, DAY)["catboost_v9"]
    assert cover.incomplete_box_score == cover.due - cover.graded > 0
    late = predicted.at(AFTER_GAMES + timedelta(hours=12))
    assert evidence(late) == (Severity.CRITICAL, f"incomplete box score: {game['game_id']} ({missing})")

    predicted.reveal(results_folder)
    got = predicted.grade(DAY, DAY)
    assert [(d.status, d.incomplete) for d in got.dates] == [(GradeStatus.GRADED, {})]
    assert predicted.coverage(DAY, DAY)["catboost_v9"].incomplete_box_score == 0
    assert evidence(late)[0] is Severity.OK


def test_only_parts_are_a_status_of_their_own(predicted: Jobs, results_folder: Path, tmp_path: Path) -> None:
    def first_quarter(rows: Rows) -> Rows:
        return [changed(r, points=2, fgm=1, fg3m=0, ftm=0) if r["did_play"] else r for r in rows]

    predicted.reveal(folder_of(tmp_path / "q", results_folder, games=every, player_game_logs=first_quarter))
    assert [d.status for d in predicted.grade(DAY, DAY).dates] == [GradeStatus.INCOMPLETE_BOX_SCORE]
    predicted.change("DELETE FROM nba_analytics.player_game_summary WHERE game_date = @d", d=DAY)
    assert [d.status for d in predicted.grade(DAY, DAY).dates] == [GradeStatus.NO_ACTUALS]
    assert predicted.accuracy() == []


def test_a_correction_of_a_graded_game_is_graded_at_once_and_warned_of(
    predicted: Jobs, results_folder: Path, tmp_path: Path
) -> None:
    predicted.reveal(results_folder)
    predicted.grade(DAY, DAY)
    hit = next(r for r in predicted.accuracy() if r["outcome"] == "HIT" and r["recommendation"] == "UNDER")

    def corrected(rows: Rows) -> Rows:
        return [
            changed(r, points=60, fgm=30, fg3m=0, ftm=0)
            for r in rows
            if r["did_play"] and r["player_name"].lower().replace(" ", "") == hit["player_lookup"]
        ]

    predicted.reveal(folder_of(tmp_path / "c", results_folder, player_game_logs=corrected))
    predicted.grade(DAY, DAY)
    now = next(r for r in predicted.accuracy() if r["prediction_id"] == hit["prediction_id"])
    assert (now["outcome"], now["actual_points"]) == ("MISS", 60)
    severity, said = evidence(predicted)
    assert severity is Severity.WARNING
    assert said.startswith(f"incomplete after a correction, graded anyway: {hit['game_id']} (")


def test_a_player_absent_from_a_whole_box_score_did_not_play(
    predicted: Jobs, results_folder: Path, tmp_path: Path
) -> None:
    absent = [r["player_lookup"] for r in predicted.active() if r["system_id"] == "moving_average"]

    def without_those_who_sat(rows: Rows) -> Rows:
        return [r for r in rows if r["did_play"]]

    part = folder_of(tmp_path / "p", results_folder, games=every, player_game_logs=without_those_who_sat)
    predicted.reveal(part)
    predicted.grade(DAY, DAY)
    voids = [r for r in predicted.accuracy() if r["outcome"] == "VOID"]
    assert {r["player_lookup"] for r in voids} < set(absent)
    assert {r["void_reason"] for r in voids} == {"did not play"}


def test_a_score_before_the_tip_off_is_not_a_result(predicted: Jobs) -> None:
    early = predicted.at(AFTER_GAMES - timedelta(days=1))
    early.change(
        "UPDATE nba_reference.nba_schedule SET home_team_score = 0, away_team_score = 0 WHERE game_date = @d",
        d=DAY,
    )
    assert [d.status for d in early.grade(DAY, DAY).dates] == [GradeStatus.NOT_FINAL]
    assert {
        r["game_status"]
        for r in early.rows("SELECT game_status FROM nba_reference.nba_schedule WHERE game_date = @d", d=DAY)
    } == {1}


def test_the_score_and_box_score_of_the_half_grade_nothing(
    predicted: Jobs, results_folder: Path, tmp_path: Path
) -> None:
    game = game_of(predicted)

    def at_half_time(rows: Rows) -> Rows:
        return [
            changed(r, points=2, fgm=1, fg3m=0, ftm=0, minutes=r["minutes"] / 2)
            if r["game_id"] == game["nba_game_id"] and r["did_play"]
            else r
            for r in rows
        ]

    def score_of_the_half(rows: Rows) -> Rows:
        (mine,) = (r for r in rows if r["game_id"] == game["nba_game_id"])
        points = {side: 2 * played[mine[f"{side}_team"]] for side in ("home", "away")}
        return [changed(r, **{f"{s}_points": p for s, p in points.items()}) if r is mine else r for r in rows]

    logs = pq.read_table(results_folder / "player_game_logs.parquet").to_pylist()
    played = Counter(r["team"] for r in logs if r["game_id"] == game["nba_game_id"] and r["did_play"])
    predicted.reveal(
        folder_of(tmp_path / "half", results_folder, games=score_of_the_half, player_game_logs=at_half_time)
    )
    got = predicted.grade(DAY, DAY)
    assert set(got.dates[0].incomplete) == {game["game_id"]}
    lack = got.dates[0].incomplete[game["game_id"]]
    assert lack.count("minutes of 13 rows add up to 120, expected 240 or more") == 2
    assert game["game_id"] not in {r["game_id"] for r in predicted.accuracy()}
