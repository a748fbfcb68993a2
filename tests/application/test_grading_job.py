from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from shared.application.grading.grade import GradeStatus
from shared.application.queries.read import PredictionQueries
from shared.application.runs.jobs import PrepareJobs
from shared.application.runs.request import parse
from shared.application.views.player import PlayerView, ShowPlayer
from shared.domain.coverage import Level
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.domain.vocabulary import RunMode
from shared.embedded.sample_league import AFTER_GAMES
from shared.errors import Rejected
from shared.schemas.messages import RunRequested
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY


@pytest.fixture
def before(loaded: Path, tmp_path: Path, model_paths: dict[str, Path]) -> Jobs:
    """Predicted, not played yet."""
    jobs = Jobs(copy_of(loaded, tmp_path), model_paths)
    jobs.predict()
    return jobs


@pytest.fixture
def played(before: Jobs, results_folder: Path) -> Jobs:
    after = before.at(AFTER_GAMES)
    after.reveal(results_folder)
    return after


def test_nothing_is_graded_and_nothing_due_before_the_games_are_final(before: Jobs) -> None:
    got = before.grade(DAY, DAY)
    assert got.outcomes == {"PENDING": len(before.active())}
    assert [d.status for d in got.dates] == [GradeStatus.NOT_FINAL]
    assert before.accuracy() == []
    cover = before.coverage(DAY, DAY)
    assert {c.level for c in cover.values()} == {Level.NOT_DUE}
    assert cover["catboost_v9"].undue["not_final"] > 50


def test_every_active_row_is_graded_and_what_was_due_is_covered(played: Jobs) -> None:
    got = played.grade(DAY, DAY)
    assert [d.status for d in got.dates] == [GradeStatus.GRADED]
    assert sum(got.outcomes.values()) == len(played.active()) == got.changed
    cover = played.coverage(DAY, DAY)
    for system in SYSTEM_IDS:
        if system != "catboost_v8":
            assert (cover[system].coverage, cover[system].level) == (1.0, Level.OK)
            assert cover[system].undue["no_line"] > 0
    assert (cover["catboost_v8"].predictions, cover["catboost_v8"].level) == (0, Level.NOT_DUE)


def test_voids_and_pushes_count_neither_as_hits_nor_as_errors(played: Jobs) -> None:
    played.grade(DAY, DAY)
    rows = played.accuracy()
    voids = [r for r in rows if r["outcome"] == "VOID"]
    assert voids
    for r in voids:
        assert (r["actual_points"], r["absolute_error"], r["prediction_correct"]) == (None, None, None)
        assert r["void_reason"]
    for r in rows:
        assert (r["prediction_correct"] is not None) == (r["outcome"] in ("HIT", "MISS"))
        if r["absolute_error"] is not None:
            assert r["within_3_points"] == (r["absolute_error"] <= 3)
            assert r["signed_error"] == pytest.approx(r["predicted_points"] - r["actual_points"])


def test_grading_again_changes_nothing_and_a_correction_exactly_its_rows(played: Jobs) -> None:
    played.grade(DAY, DAY)
    first = played.accuracy()
    assert played.grade(DAY, DAY).changed == 0
    assert played.accuracy() == first
    scorer = max((r for r in first if r["outcome"] != "VOID"), key=lambda r: r["actual_points"])
    mine = [r for r in first if r["player_lookup"] == scorer["player_lookup"]]
    played.change(
        "UPDATE nba_analytics.player_game_summary SET points = points - 2 "
        "WHERE game_date = @d AND player_lookup = @p",
        d=DAY,
        p=scorer["player_lookup"],
    )
    assert played.grade(DAY, DAY).changed == len(mine)
    after = played.accuracy()
    assert [r for r in after if r not in first] == [
        r for r in after if r["player_lookup"] == scorer["player_lookup"]
    ]


def test_a_correction_to_did_not_play_voids_what_was_graded(played: Jobs) -> None:
    played.grade(DAY, DAY)
    player = next(r["player_lookup"] for r in played.accuracy() if r["outcome"] == "HIT")
    played.change(
        "UPDATE nba_analytics.player_game_summary SET is_dnp = TRUE, points = NULL "
        "WHERE game_date = @d AND player_lookup = @p",
        d=DAY,
        p=player,
    )
    played.grade(DAY, DAY)
    mine = [r for r in played.accuracy() if r["player_lookup"] == player]
    assert {(r["outcome"], r["actual_points"], r["prediction_correct"]) for r in mine} == {
        ("VOID", None, None)
    }


def test_a_final_game_without_box_scores_waits_and_is_taken_next_time(played: Jobs) -> None:
    game = played.active()[0]["game_id"]
    kept = played.rows(
        "SELECT * FROM nba_analytics.player_game_summary WHERE game_date = @d AND game_id = @g", d=DAY, g=game
    )
    played.change(
        "UPDATE nba_analytics.player_game_summary SET game_id = 'elsewhere' WHERE game_date = @d AND game_id = @g",
        d=DAY,
        g=game,
    )
    got = played.grade(DAY, DAY)
    assert [d.status for d in got.dates] == [GradeStatus.PARTIAL]
    assert got.outcomes["PENDING"] > 0
    assert played.coverage(DAY, DAY)["catboost_v9"].coverage == pytest.approx(5 / 6, abs=0.15)
    played.change(
        "UPDATE nba_analytics.player_game_summary SET game_id = @g WHERE game_date = @d AND game_id = 'elsewhere'",
        d=DAY,
        g=game,
    )
    assert kept
    assert [d.status for d in played.grade(DAY, DAY).dates] == [GradeStatus.GRADED]
    assert played.coverage(DAY, DAY)["catboost_v9"].coverage == 1.0


def test_a_later_backfill_changes_what_is_shown_never_what_is_counted_as_live(played: Jobs) -> None:
    played.grade(DAY, DAY)
    live = played.accuracy()
    assert {r["counted_as"] for r in live} == {"LIVE"}
    played.build(DAY, DAY)
    assert played.predict(force=True, allow_started=True, reason="again").rows_superseded == len(live)
    played.grade(DAY, DAY)
    rows = played.accuracy()
    assert [r for r in rows if r["counted_as"] == "LIVE"] == live
    again = [r for r in rows if r["counted_as"] == "BACKFILL"]
    assert {(r["player_lookup"], r["system_id"]) for r in again} == {
        (r["player_lookup"], r["system_id"]) for r in played.active()
    }
    cover = played.coverage(DAY, DAY)
    assert all(c.coverage in (None, 1.0) for c in cover.values())


def test_a_backfill_that_was_replaced_is_kept_and_no_longer_current(
    played: Jobs, model_paths: dict[str, Path]
) -> None:
    played.build(DAY, DAY)
    played.predict(force=True, allow_started=True, reason="again")
    played.grade(DAY, DAY)
    count = len(played.accuracy())
    other = Jobs(played.folder, {"catboost_v9": model_paths["catboost_v9_2026_02"]}, played.now)
    assert (
        other.predict(force=True, allow_started=True, reason="again").status == "FAILED"
    )  # a bundle of another system
    fewer = Jobs(played.folder, {}, played.now)
    without = ("moving_average", "catboost_v9")
    assert fewer.predict(force=True, allow_started=True, reason="again", systems=without).status == "PARTIAL"
    played.grade(DAY, DAY)
    rows = played.accuracy()
    assert len(rows) == count
    gone = [r for r in rows if not r["is_current"]]
    assert {(r["system_id"], r["counted_as"]) for r in gone} == {("catboost_v9", "BACKFILL")}


def test_in_progress_rows_of_a_dry_run_or_of_other_systems_are_left_alone(played: Jobs) -> None:
    assert played.grade(DAY, DAY, write=False).outcomes["HIT"] > 0
    assert played.accuracy() == []
    played.grade(DAY, DAY, systems=["catboost_v9"])
    assert {r["system_id"] for r in played.accuracy()} == {"catboost_v9"}
    stamped = [r["graded_at"] for r in played.accuracy()]
    assert played.grade(DAY, DAY, systems=["catboost_v9"], regrade=True).changed == len(stamped)
    assert all(r["graded_at"] > t for r, t in zip(played.accuracy(), stamped, strict=True))


def test_dates_without_games_or_predictions_say_so(played: Jobs) -> None:
    statuses = {d.game_date: d.status for d in played.grade(DAY - timedelta(days=9), DAY).dates}
    assert len(statuses) == 10
    assert statuses[DAY] is GradeStatus.GRADED
    assert set(statuses.values()) == {
        GradeStatus.GRADED,
        GradeStatus.NO_GAMES,
        GradeStatus.NO_PREDICTIONS,
    } or set(statuses.values()) == {GradeStatus.GRADED, GradeStatus.NO_PREDICTIONS}


def test_a_row_that_came_after_tip_off_is_neither_live_nor_due(before: Jobs, results_folder: Path) -> None:
    late = before.active()[0]
    before.change(
        "UPDATE nba_predictions.player_prop_predictions SET activated_at = @t "
        "WHERE game_date = @d AND prediction_id = @p",
        t=AFTER_GAMES,
        d=DAY,
        p=late["prediction_id"],
    )
    after = before.at(AFTER_GAMES)
    after.reveal(results_folder)
    after.grade(DAY, DAY)
    assert late["prediction_id"] not in {r["prediction_id"] for r in after.accuracy()}
    assert after.coverage(DAY, DAY)[late["system_id"]].undue["after_tipoff"] == 1
    assert RunMode(late["prediction_run_mode"]) is RunMode.LIVE


def test_a_backfill_of_a_played_date_needs_a_reason_and_the_rows_of_tip_off_stay_findable(
    played: Jobs,
) -> None:
    live = [r["prediction_id"] for r in played.active()]
    played.build(DAY, DAY)
    for options in ({}, {"dry_run": True}):
        refused = played.predict(force=True, allow_started=True, **options)
        assert refused.status == "FAILED"
        assert refused.note is not None
        assert f"{len(live)} predictions of {DAY} were active at tip-off" in refused.note
        assert "--reason" in refused.note
    assert [r["prediction_id"] for r in played.active()] == live
    assert len(played.runs.runs(game_date=DAY)) == 1

    done = played.predict(force=True, allow_started=True, reason="features of the day were wrong")
    assert done.rows_superseded == len(live)
    kept = PredictionQueries(played.warehouse).predictions_at_tipoff(DAY, played.clock.now())
    assert [r["prediction_id"] for r in kept] == live
    assert {(r["is_active"], r["superseded_reason"]) for r in kept} == {
        (False, "features of the day were wrong")
    }
    mine = kept[0]
    view = ShowPlayer(played.warehouse, played.clock)(str(mine["player_id"]))
    assert isinstance(view, PlayerView)
    said = view.prediction_of(mine["game_id"], mine["system_id"])
    assert said is not None
    assert (said.tipoff_prediction_id, said.tipoff_points) == (
        mine["prediction_id"],
        mine["predicted_points"],
    )
    assert said.prediction_id != mine["prediction_id"]
    with pytest.raises(Rejected, match="active at tip-off"):
        PrepareJobs(played.warehouse).check_reason(
            parse(RunRequested(game_date=f"{DAY}", force=True, allow_started=True), played.now), played.now
        )


def test_a_date_without_live_rows_needs_no_reason(loaded: Path, tmp_path: Path, results_folder: Path) -> None:
    jobs = Jobs(copy_of(loaded, tmp_path), {}, AFTER_GAMES)
    jobs.reveal(results_folder)
    jobs.build(DAY, DAY)
    systems = ("moving_average",)
    for _ in range(2):
        assert jobs.predict(force=True, allow_started=True, systems=systems).status == "SUCCESS"
    assert PredictionQueries(jobs.warehouse).predictions_at_tipoff(DAY, jobs.now) == []
