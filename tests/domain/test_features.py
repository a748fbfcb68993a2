"""Features of a small made-up history: definitions, one row against many, and time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.assignment import Mention, assign
from shared.domain.features import windows
from shared.domain.features.compute import FeatureRows, Targets, compute, steps
from shared.domain.features.contract import FEATURES, INDEX
from shared.domain.features.history import STATS, BoxScores, Games, History
from shared.domain.instants import (
    UNKNOWN,
    cut_offs,
    eastern_date,
    eastern_midnight,
    from_day,
    from_micros,
    result_known_at,
    to_day,
    to_micros,
)
from shared.domain.players.roster import slate_roster

START = to_day(date(2024, 11, 1))
HOUR = 3_600_000_000
TEAMS = ("AAA", "BBB", "CCC", "DDD")


def history(
    days: int = 24, seed: int = 3, known_tipoffs: bool = True, change: tuple[int, float] | None = None
) -> History:
    """Two games a day, eight players a team; ``change`` replaces all points from a day on."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[object]] = {k: [] for k in ("id", "day", "home", "away")}
    box: dict[str, list[float]] = {k: [] for k in ("player", "game", "home", *STATS)}
    for d in range(days):
        order = rng.permutation(4)
        for pair in (order[:2], order[2:]):
            game = len(rows["id"])
            home, away = TEAMS[pair[0]], TEAMS[pair[1]]
            rows["id"].append(f"{d:03d}_{away}_{home}")
            for key, value in (("day", START + d), ("home", home), ("away", away)):
                rows[key].append(value)
            for side, team in enumerate(pair):
                for p in range(8):
                    values = {s: float(v) for s, v in zip(STATS, rng.integers(0, 9, len(STATS)), strict=True)}
                    values |= {
                        "minutes": 30.0 + p * 0.1,
                        "points": float(rng.integers(0, 40)),
                        "fga": 12.0,
                        "fta": 3.0,
                    }
                    if change and START + d >= change[0]:
                        values["points"] = change[1]
                    box["player"].append(int(team) * 10 + p)
                    box["game"].append(game)
                    box["home"].append(side == 0)
                    for s in STATS:
                        box[s].append(values[s])
    day = np.array(rows["day"], dtype=np.int64)
    tip = np.array([eastern_midnight(int(x)) + 19 * HOUR for x in day], dtype=np.int64)
    games = Games(
        np.array(rows["id"]), day, tip if known_tipoffs else np.full(len(day), UNKNOWN),
        np.full(len(day), 2024),
        np.zeros(len(day), np.bool_), np.array(rows["home"]), np.array(rows["away"]),
    )  # fmt: skip
    return History(
        games,
        BoxScores(
            np.array(box["player"], dtype=np.int64), np.array(box["game"], dtype=np.int64),
            np.array(box["home"], dtype=np.bool_), np.full(len(box["player"]), np.nan),
            {s: np.array(box[s], dtype=np.float64) for s in STATS},
        ),
    )  # fmt: skip


def cut_offs_of(h: History) -> np.ndarray:
    return cut_offs(h.games.day, h.games.tipoff)


def targets(h: History, rows: np.ndarray) -> Targets:
    g, game = h.games, h.game[rows]
    home = h.is_home[rows]
    none = np.full(len(rows), np.nan)
    return Targets(
        player=h.player_ids[h.players.entity[rows]],
        team=np.where(home, g.home[game], g.away[game]),
        opponent=np.where(home, g.away[game], g.home[game]),
        is_home=home,
        playoffs=g.playoffs[game],
        day=g.day[game],
        season=g.season[game],
        as_of=cut_offs(g.day[game], g.tipoff[game]),
        line=none,
        opening=none,
        opening_exact=np.zeros(len(rows), np.bool_),
        injury_risk=none,
    )


def bits(rows: FeatureRows) -> bytes:
    return b"".join(
        np.asarray(getattr(rows, n)).tobytes() for n in ("values", "provenance", "quality", "recent")
    )


H = history()
ON_LAST_DAY = np.flatnonzero(H.day == START + 23)


@pytest.mark.parametrize("row", ON_LAST_DAY[::5].tolist())
def test_one_player_gets_the_same_bits_as_the_whole_season(row: int) -> None:
    everything = compute(H, targets(H, np.arange(len(H.day))))
    alone = compute(H, targets(H, np.array([row])))
    assert alone.values.tobytes() == everything.values[row : row + 1].tobytes()
    assert alone.recent.tobytes() == everything.recent[row : row + 1].tobytes()
    assert alone.quality[0] == everything.quality[row]


def test_averages_are_of_earlier_games_only() -> None:
    row = int(ON_LAST_DAY[0])
    got = compute(H, targets(H, np.array([row]))).values[0]
    mine = np.flatnonzero((H.players.entity == H.players.entity[row]) & (H.day < H.day[row]))
    points, minutes = H.stats["points"][mine], H.stats["minutes"][mine]
    assert got[INDEX["points_avg_last_5"]] == points[-5:].mean()
    assert got[INDEX["points_avg_season"]] == points.mean()
    assert got[INDEX["points_std_last_10"]] == pytest.approx(points[-10:].std(ddof=1))
    assert got[INDEX["games_in_last_7_days"]] == 7
    assert got[INDEX["back_to_back"]] == 1
    assert got[INDEX["minutes_avg_last_10"]] == pytest.approx(minutes[-10:].mean())
    lift = points[-2:].mean() - points[-5:-2].mean()
    assert got[INDEX["recent_trend"]] == np.sign(lift) * (int(abs(lift) >= 2) + int(abs(lift) >= 5))


def test_a_worn_player_has_a_low_fatigue_score() -> None:
    got = compute(H, targets(H, ON_LAST_DAY[:1]))
    # every day for weeks at 30 minutes: -15 second of two days, -10 four games, -12 pairs; 210 minutes
    assert got.values[0, INDEX["fatigue_score"]] == 100 - 15 - 10 - 12


def test_the_first_game_has_no_history() -> None:
    got = compute(H, targets(H, np.flatnonzero(H.day == START)[:3]))
    assert np.isnan(got.values[:, INDEX["points_avg_last_5"]]).all()
    assert (got.max_day == -1).all()


def test_an_unknown_player_and_an_empty_history_give_nothing() -> None:
    t = targets(H, ON_LAST_DAY[:1])
    stranger = Targets(**{**vars(t), "player": np.array([999])})
    assert np.isnan(compute(H, stranger).values[0, INDEX["points_avg_last_5"]])
    none = np.zeros(0, np.int64)
    empty = History(
        Games(
            np.zeros(0, np.str_),
            none,
            none,
            none,
            np.zeros(0, np.bool_),
            np.zeros(0, np.str_),
            np.zeros(0, np.str_),
        ),
        BoxScores(none, none, np.zeros(0, np.bool_), np.zeros(0), {s: np.zeros(0) for s in STATS}),
    )
    assert np.isnan(compute(empty, t).values[0, INDEX["points_avg_last_5"]])
    assert len(compute(H, targets(H, none)).values) == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 22), st.floats(41, 80), st.booleans())
def test_what_happens_on_the_day_or_later_changes_no_feature(day: int, points: float, known: bool) -> None:
    before = history(known_tipoffs=known)
    after = history(known_tipoffs=known, change=(START + day, points))
    rows = np.flatnonzero(before.day == START + day)
    assert bits(compute(before, targets(before, rows))) == bits(compute(after, targets(after, rows)))


def test_the_law_above_catches_a_window_that_takes_the_day_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def on_or_before(
        self: windows.Timeline, entity: np.ndarray, day: np.ndarray, as_of: np.ndarray
    ) -> np.ndarray:
        assert len(as_of) == len(day)
        return np.searchsorted(self._day_keys, entity * windows._DAY_SPAN + day, side="right")

    monkeypatch.setattr(windows.Timeline, "before", on_or_before)
    before, after = history(), history(change=(START + 20, 77.0))
    rows = np.flatnonzero(before.day == START + 20)
    assert bits(compute(before, targets(before, rows))) != bits(compute(after, targets(after, rows)))


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 22), st.floats(0, 80))
def test_the_roster_reads_nothing_of_the_day(day: int, minutes: float) -> None:
    before = history()
    after = history()
    after.stats["minutes"] = np.where(after.day >= START + day, minutes, after.stats["minutes"])
    rows = np.flatnonzero(before.games.day == START + day)
    as_of = cut_offs(before.games.day, before.games.tipoff)[rows]
    assert slate_roster(before, rows, as_of, {}, {}, 8.0) == slate_roster(after, rows, as_of, {}, {}, 8.0)


def test_a_roster_takes_rotation_players_and_lined_ones_but_nobody_who_is_out() -> None:
    rows = np.flatnonzero(H.games.day == START + 23)[:1]
    as_of = cut_offs(H.games.day, H.games.tipoff)[rows]
    home = int(np.flatnonzero(np.array(TEAMS) == H.games.home[rows[0]])[0]) * 10
    everybody = slate_roster(H, rows, as_of, {}, {}, 8.0)
    assert sum(c.expected for c in everybody) == 16
    row = int(rows[0])
    quoted = assign(H, [Mention(row, home + 1, "", int(as_of[0]) - 1, is_quote=True)], cut_offs_of(H))
    demanding = slate_roster(H, rows, as_of, quoted, {row: {home + 2}}, 60.0)
    reasons = {c.player: c.reason for c in demanding}
    assert reasons[home + 1] == "line"
    assert reasons[home + 2] == "injury_out"
    assert reasons[home + 3] == "few_minutes"
    assert [c.player for c in demanding if c.expected] == [home + 1]


def test_before_any_game_there_is_no_roster() -> None:
    rows = np.flatnonzero(H.games.day == START)[:1]
    as_of = cut_offs(H.games.day, H.games.tipoff)[rows]
    nobody_knows = assign(H, [Mention(int(rows[0]), 1, "", int(as_of[0]) - 1, is_quote=True)], cut_offs_of(H))
    assert slate_roster(H, rows, as_of, nobody_knows, {}, 8.0) == []


def test_steps() -> None:
    got = steps(np.array([-6.0, -2.0, -1.9, 0.0, 2.0, 5.0, np.nan]), 2.0, 5.0)
    assert got[:6].tolist() == [-2, -1, 0, 0, 1, 2]
    assert np.isnan(got[6])


def test_instants() -> None:
    moment = datetime(2025, 3, 20, 2, 30, tzinfo=UTC)
    assert eastern_date(moment) == date(2025, 3, 19)
    assert from_micros(to_micros(moment)) == moment
    assert from_day(to_day(date(2025, 3, 19))) == date(2025, 3, 19)
    with pytest.raises(ValueError, match="time zone"):
        to_micros(moment.replace(tzinfo=None))
    day, unknown = np.array([to_day(date(2025, 3, 19))]), np.array([UNKNOWN])
    assert from_micros(int(cut_offs(day, unknown)[0])) == datetime(2025, 3, 19, 4, 0, tzinfo=UTC)
    assert from_micros(int(result_known_at(day, unknown)[0])) == datetime(2025, 3, 20, 3, 59, 59, tzinfo=UTC)
    known = np.array([to_micros(moment)])
    assert from_micros(int(cut_offs(day, known)[0])) == moment - timedelta(minutes=30)
    assert from_micros(int(result_known_at(day, known)[0])) == moment + timedelta(minutes=150)


def test_shots_by_zone_and_the_contract() -> None:
    got = compute(H, targets(H, ON_LAST_DAY[:4])).values
    for name in ("pct_paint", "pct_mid_range", "pct_three", "shot_zone_mismatch_score"):
        assert not np.isnan(got[:, INDEX[name]]).any()
    assert len(FEATURES) == 33


def test_no_feature_is_a_negative_zero() -> None:
    values = compute(H, targets(H, np.arange(len(H.day)))).values
    assert (values == 0).any()
    assert not np.signbit(values[values == 0]).any()
