from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from shared.application.views.explanation import Explanation, ShowExplanation
from shared.application.views.player import PlayerView, ShowPlayer
from shared.application.views.players import PAGE_SIZE, PlayerList, ShowPlayers
from shared.embedded.model_store import DirectoryModelStore
from shared.errors import NotFound, Rejected
from tests.application.worlds import Jobs
from tests.conftest import DAY
from tests.graded import ANCHORED, NINE, SYSTEMS


def players(jobs: Jobs, **asked: Any) -> PlayerList:
    return ShowPlayers(jobs.warehouse, jobs.clock)(**asked)


def player(jobs: Jobs, lookup: str, **asked: Any) -> PlayerView:
    return ShowPlayer(jobs.warehouse, jobs.clock)(lookup, **asked)


def explained(jobs: Jobs, prediction_id: str, day: date | None = DAY) -> Explanation:
    return ShowExplanation(jobs.warehouse, DirectoryModelStore())(prediction_id, day)


@pytest.fixture
def top(graded: Jobs) -> str:
    return players(graded).rows[0].player_lookup


# --- players


def test_those_who_score_most_come_first_a_page_at_a_time(graded: Jobs) -> None:
    first, second = players(graded), players(graded, page=2)
    assert len(first.rows) == PAGE_SIZE
    assert first.more
    means = [r.points for r in (*first.rows, *second.rows) if r.points is not None]
    assert means == sorted(means, reverse=True)
    assert not {r.player_lookup for r in first.rows} & {r.player_lookup for r in second.rows}


def test_a_player_is_found_by_any_part_of_his_name_however_it_is_spelt(graded: Jobs, top: str) -> None:
    (row, *_) = players(graded).rows
    for part in (row.player_name, row.player_name.upper(), row.player_name[2:6], f" {row.player_name[:3]}."):
        assert top in {r.player_lookup for r in players(graded, search=part).rows}
    assert players(graded, search="nobody of this name").rows == ()
    with pytest.raises(Rejected, match="page 0, expected 1 to 100"):
        players(graded, page=0)


def test_games_come_newest_first_with_what_was_said_and_how_it_ended(graded: Jobs, top: str) -> None:
    view = player(graded, top)
    assert len(view.games) == 20
    assert [g.game_date for g in view.games] == sorted((g.game_date for g in view.games), reverse=True)
    newest = view.games[0]
    stored = {r["system_id"]: r for r in graded.active() if r["player_lookup"] == top}
    assert (newest.game_date, newest.predicted) == (DAY, stored[NINE]["predicted_points"])
    assert newest.outcome in ("HIT", "MISS", "PASS", "PUSH")
    assert newest.minutes is not None
    assert set(view.systems) == set(SYSTEMS) == set(stored)
    for system, row in stored.items():
        said = view.prediction_of(newest.game_id, system)
        assert said is not None
        assert (said.prediction_id, said.predicted) == (row["prediction_id"], row["predicted_points"])
    assert view.prediction_of(newest.game_id, "catboost_v8") is None


def test_a_name_leads_to_the_player_however_it_is_written(graded: Jobs, top: str) -> None:
    view = player(graded, top)
    assert player(graded, f" {view.player_name.upper()}").player_lookup == top


def test_another_system_changes_what_was_said_and_nothing_of_what_was_played(graded: Jobs, top: str) -> None:
    nine, anchored = player(graded, top), player(graded, top, system=ANCHORED)
    assert [(g.game_id, g.points) for g in nine.games] == [(g.game_id, g.points) for g in anchored.games]
    assert [g.predicted for g in nine.games] != [g.predicted for g in anchored.games]


def test_one_can_turn_back_to_older_games(graded: Jobs, top: str) -> None:
    first = player(graded, top, games=5)
    assert first.older is not None
    second = player(graded, top, games=5, before=first.older)
    assert second.games[0].game_date < first.games[-1].game_date
    assert {g.game_id for g in first.games}.isdisjoint(g.game_id for g in second.games)


def remove_box_score(jobs: Jobs, player_lookup: str) -> None:
    jobs.change(
        "DELETE FROM nba_analytics.player_game_summary WHERE game_date = @d AND player_lookup = @p",
        d=DAY,
        p=player_lookup,
    )


def test_a_game_that_is_yet_to_come_is_there_with_what_is_predicted(graded_copy: Jobs, top: str) -> None:
    remove_box_score(graded_copy, top)
    newest = player(graded_copy, top).games[0]
    assert (newest.game_date, newest.minutes, newest.why_not) == (DAY, None, "no box score yet")
    assert newest.predicted is not None


def test_a_voided_prediction_without_a_box_score_names_its_reason(graded_copy: Jobs, top: str) -> None:
    remove_box_score(graded_copy, top)
    graded_copy.change(
        "UPDATE nba_predictions.prediction_accuracy SET outcome = 'VOID', void_reason = 'did not play'"
        " WHERE game_date = @d AND player_lookup = @p",
        d=DAY,
        p=top,
    )
    newest = player(graded_copy, top).games[0]
    assert (newest.outcome, newest.why_not) == ("VOID", "did not play")


def test_one_who_did_not_play_has_no_points_and_a_reason(graded: Jobs) -> None:
    (absent, *_) = graded.rows(
        "SELECT * FROM nba_analytics.player_game_summary WHERE game_date = @d AND is_dnp ORDER BY player_lookup",
        d=DAY,
    )
    game = player(graded, absent["player_lookup"]).games[0]
    assert (game.points, game.why_not) == (absent["points"], absent["dnp_reason"] or "did not play")


def test_nobody_and_what_cannot_be_asked_are_refused_by_name(graded: Jobs, top: str) -> None:
    with pytest.raises(NotFound, match="player 'nobody' has no game between"):
        player(graded, "nobody")
    with pytest.raises(Rejected, match="games 83, expected 1 to 82"):
        player(graded, top, games=83)
    with pytest.raises(Rejected, match="system: 'x', expected one of"):
        player(graded, top, system="x")


# --- explanations


def one_of_each(jobs: Jobs) -> dict[str, dict[str, Any]]:
    return {r["system_id"]: r for r in jobs.active()}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_terms_of_a_prediction_add_up_and_its_inputs_have_a_source(graded: Jobs, system: str) -> None:
    row = one_of_each(graded)[system]
    told = explained(graded, row["prediction_id"])
    assert told.missing_reason is None
    assert told.total == pytest.approx(told.raw, abs=1e-6)
    assert told.total == pytest.approx(sum(t.points for t in told.terms))
    assert [abs(t.points) for t in told.terms] == sorted((abs(t.points) for t in told.terms), reverse=True)
    assert len(told.inputs) == 33
    assert {i.source for i in told.inputs} <= {"exact", "approximated", "missing"}
    assert (told.player_lookup, told.predicted, told.model_id) == (
        row["player_lookup"],
        row["predicted_points"],
        row["model_id"],
    )
    assert told.player_name != told.player_lookup
    assert told.outcome is not None


def test_the_date_is_a_help_and_not_needed(graded: Jobs) -> None:
    prediction_id = one_of_each(graded)[NINE]["prediction_id"]
    assert explained(graded, prediction_id, None) == explained(graded, prediction_id)
    with pytest.raises(NotFound, match="is not stored"):
        explained(graded, prediction_id, DAY - timedelta(days=1))
    with pytest.raises(NotFound, match="'x' is not stored"):
        explained(graded, "x", None)


def test_what_can_no_longer_be_computed_is_said_and_the_rest_is_shown(graded_copy: Jobs) -> None:
    ids = {s: r["prediction_id"] for s, r in one_of_each(graded_copy).items()}
    graded_copy.change("DELETE FROM nba_predictions.model_registry WHERE system_id = 'catboost_v9'")
    told = explained(graded_copy, ids[NINE])
    assert told.missing_reason is not None
    assert "is not registered" in told.missing_reason
    assert (told.terms, told.total, len(told.inputs)) == ((), None, 33)
    assert explained(graded_copy, ids["moving_average"]).missing_reason is None
    graded_copy.change("DELETE FROM nba_predictions.ml_feature_store_v2 WHERE game_date = @d", d=DAY)
    told = explained(graded_copy, ids["moving_average"])
    assert told.missing_reason is not None
    assert "has no row of" in told.missing_reason
    assert told.inputs == ()
