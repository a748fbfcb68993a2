from __future__ import annotations

import pyarrow.compute as pc
import pytest

from shared.domain.players.names import player_lookup
from shared.embedded import sample_league

LEAGUE = sample_league.generate(seasons=2)
LOGS = LEAGUE.player_game_logs
PLAYED = LOGS.filter(LOGS["did_play"])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_league() -> None:
    sample_league.generate.cache_clear()
    again = sample_league.generate(seasons=2)
    assert all(a.equals(b) for a, b in zip(vars(LEAGUE).values(), vars(again).values(), strict=True))


def test_points_minutes_and_scores_add_up() -> None:
    for row in PLAYED.select(["points", "fgm", "fg3m", "ftm"]).to_pylist():
        assert row["points"] == 2 * row["fgm"] + row["fg3m"] + row["ftm"]
    teams = (
        PLAYED.group_by(["game_id", "team", "is_home"])
        .aggregate([("minutes", "sum"), ("points", "sum")])
        .to_pylist()
    )
    assert all(abs(t["minutes_sum"] - 240) < 0.01 for t in teams)
    scores = {g["game_id"]: g for g in LEAGUE.games.to_pylist()}
    for t in teams:
        assert t["points_sum"] == scores[t["game_id"]]["home_points" if t["is_home"] else "away_points"]
    assert pc.min(PLAYED["minutes"]).as_py() > 0


def test_nobody_plays_who_was_reported_out_before_the_game() -> None:
    last = {(r["game_id"], r["player_id"]): r["status"] for r in LEAGUE.injury_report.to_pylist()}
    out = {key for key, status in last.items() if status == "out"}
    assert out
    assert not out & set(zip(PLAYED["game_id"].to_pylist(), PLAYED["player_id"].to_pylist(), strict=True))


def test_the_morning_knows_nothing_of_the_evening() -> None:
    day = sample_league.DEMO_DATE
    before, after = sample_league.league_before(LEAGUE, day), sample_league.results_of(LEAGUE, day)
    assert pc.max(before.player_game_logs["game_date"]).as_py() < day
    today = before.games.filter(pc.equal(before.games["game_date"], day))
    assert today.num_rows == 6
    assert today["home_points"].null_count == 6
    assert set(after.player_game_logs["game_date"].to_pylist()) == {day}
    assert after.games["home_points"].null_count == 0


@pytest.mark.slow
def test_lines_are_good_but_not_perfect_and_names_are_unique() -> None:
    scored = {(r["game_id"], r["player_id"]): r["points"] for r in PLAYED.to_pylist()}
    errors = [
        abs(q["line"] - scored[q["game_id"], q["player_id"]])
        for q in LEAGUE.prop_lines.to_pylist()
        if q["is_main"] and q["bookmaker"] == "draftkings" and (q["game_id"], q["player_id"]) in scored
    ]
    assert 4.0 < sum(errors) / len(errors) < 5.6
    names = set(LOGS["player_name"].to_pylist())
    assert len({player_lookup(n) for n in names}) == len(names) == len(set(LOGS["player_id"].to_pylist()))
