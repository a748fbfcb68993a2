"""The jobs of runs: one per expected player, pinned to one feature snapshot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from shared.application.features.slate_inputs import Mode
from shared.application.runs.request import RunRequest, replaces_played_games, require_reason
from shared.domain.features.contract import FEATURES
from shared.errors import AppError, NotFound, Unavailable
from shared.ports import ExpectedPlayer, Warehouse
from shared.schemas.feature_store import ML_FEATURE_STORE
from shared.schemas.messages import SCHEMA_VERSION, LineQuote, PredictionRequest
from shared.warehouse.history import by_day
from shared.warehouse.schedule import games_between, has_started, live_rows_at_tipoff
from shared.warehouse.statements import statement

NO_FEATURES = "no_features"


@dataclass(frozen=True)
class RunJobs:
    """What a run is to predict: a row of the feature store for each job, and the systems it asks for.

    ``without_features``: players who are expected and have no row. ``players``: everybody expected.
    ``tipoffs``: by game, None where unknown.
    """

    run_id: str
    request: RunRequest
    rows: pa.Table
    systems: list[list[str]]
    without_features: list[ExpectedPlayer]
    players: list[ExpectedPlayer]
    tipoffs: dict[str, datetime | None]

    def requests(self) -> list[PredictionRequest]:
        """The jobs as messages."""
        return [
            build_job(self.run_id, self.request, row, systems, self.tipoffs[row["game_id"]])
            for row, systems in zip(self.rows.to_pylist(), self.systems, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class RunToPrepare:
    """A run to prepare. ``also_expected``: players whom the caller expects in addition to the snapshot's
    roster; without features there, they are named as such."""

    run_id: str
    request: RunRequest
    also_expected: Sequence[ExpectedPlayer] = ()


class PrepareJobs:
    """Reads slate, roster, features and lines of runs: a fixed number of queries, whatever their size."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def check_warehouse(self, game_date: date) -> None:
        """``Unavailable`` while the warehouse cannot be asked."""
        games_between(self._warehouse, game_date, game_date)

    def __call__(
        self, run_id: str, request: RunRequest, now: datetime, also_expected: Sequence[ExpectedPlayer] = ()
    ) -> RunJobs:
        """``NotFound`` for no games or players, ``Unavailable`` where the feature store is not ready."""
        (prepared,) = self.prepare_all([RunToPrepare(run_id, request, also_expected)], now)
        if isinstance(prepared, AppError):
            raise prepared
        return prepared

    def check_reason(self, request: RunRequest, now: datetime) -> None:
        """``Rejected`` for a run that would replace the record of a played date without a reason."""
        if replaces_played_games(request.force, request.mode, request.in_sample):
            day = request.game_date
            live = live_rows_at_tipoff(self._warehouse, day, day, now)
            require_reason(request, live.get(day, 0))

    def prepare_all(self, wanted: Sequence[RunToPrepare], now: datetime) -> list[RunJobs | AppError]:
        """Runs of different dates that ask for the same but for their date; for each what ``__call__``
        gives or raises."""
        stored = _Stored.read(self._warehouse, [w.request for w in wanted])
        prepared: list[RunJobs | AppError] = []
        for one in wanted:
            try:
                prepared.append(_prepare(one, now, stored))
            except AppError as exc:
                prepared.append(exc)
        return prepared


@dataclass(frozen=True)
class _Stored:
    """What the warehouse holds of some dates, each table split by date."""

    games: dict[date, list[dict[str, Any]]]
    snapshots: dict[date, str]
    rosters: dict[date, pa.Table]
    features: dict[date, pa.Table]
    active: dict[date, set[ActiveKey]]

    @staticmethod
    def read(warehouse: Warehouse, requests: Sequence[RunRequest]) -> _Stored:
        days, asked = {r.game_date for r in requests}, requests[0]
        span = {"first": min(days), "last": max(days)}
        games: dict[date, list[dict[str, Any]]] = {}
        for game in games_between(warehouse, **span).to_pylist():
            games.setdefault(game["game_date"], []).append(game)
        newest = warehouse.query(statement("snapshots_between", mode=asked.mode.value, **span)).to_pylist()
        snapshots = {s["game_date"]: str(s["snapshot_id"]) for s in newest if s["game_date"] in days}
        pinned = span | {"snapshots": sorted(snapshots.values())}
        skips_active = not (asked.force or asked.in_sample)
        return _Stored(
            games,
            snapshots,
            by_day(warehouse.query(statement("snapshot_roster", **pinned))) if snapshots else {},
            by_day(warehouse.query(statement("snapshot_features", **pinned))) if snapshots else {},
            _active_keys(warehouse.query(statement("active_keys", **span))) if skips_active else {},
        )


ActiveKey = tuple[str, int | str, str]
"""Game, player and system; the player by his id, by his spelling in a row that has none."""


def _active_keys(rows: pa.Table) -> dict[date, set[ActiveKey]]:
    keys: dict[date, set[ActiveKey]] = {}
    columns = ("game_date", "game_id", "player_id", "player_lookup", "system_id")
    for day, game, player_id, lookup, system in zip(*(rows[c].to_pylist() for c in columns), strict=True):
        keys.setdefault(day, set()).add((game, lookup if player_id is None else player_id, system))
    return keys


def _prepare(wanted: RunToPrepare, now: datetime, stored: _Stored) -> RunJobs:
    request, day = wanted.request, wanted.request.game_date
    tipoffs = _open_games(request, now, stored.games.get(day, []))
    build = f"props features build --dates {day}{' --backfill' if request.mode is Mode.BACKFILL else ''}"
    if day not in stored.snapshots:
        raise Unavailable(
            f"{day}: no {request.mode.value.lower()} features in the feature store; run: {build}"
        )
    rosters = stored.rosters.get(day)
    roster = {
        row["player_id"]: ExpectedPlayer(row["player_lookup"], row["player_id"], row["game_id"])
        for row in (rosters.to_pylist() if rosters else [])
        if row["game_id"] in tipoffs and _is_expected(row, request.min_minutes)
    }
    if not roster:
        raise NotFound(f"{day}: no expected players in {len(tipoffs)} games")
    features = stored.features.get(day)
    there = features["player_id"].to_pylist() if features else []
    present = set(there)
    missing = sorted(player for p, player in roster.items() if p not in present)
    if missing and not request.skip_mlfs_check:
        raise Unavailable(
            f"{day}: features for {len(roster) - len(missing)} of {len(roster)} expected players; "
            f"missing {', '.join(p.player_lookup for p in missing[:5])}{' ...' if len(missing) > 5 else ''}; "
            f"run: {build}; or leave them out with skip_mlfs_check"
        )
    systems = _wanted_systems(request, roster, stored.active.get(day, set()))
    lost = [p for p in missing if systems[p.player_id]]
    lost += [p for p in wanted.also_expected if p.player_id not in roster and p.game_id in tipoffs]
    chosen = [i for i, player in enumerate(there) if systems.get(player)]
    empty = ML_FEATURE_STORE.arrow_schema.empty_table()
    return RunJobs(
        wanted.run_id,
        request,
        features.take(pa.array(chosen, pa.int64())) if features else empty,
        [systems[there[i]] for i in chosen],
        lost,
        [p for p in roster.values() if systems[p.player_id] and p.player_id in present] + lost,
        tipoffs,
    )


def _open_games(
    request: RunRequest, now: datetime, games: Sequence[dict[str, Any]]
) -> dict[str, datetime | None]:
    """Tip-off by game id of the games that may be predicted."""
    if not games:
        raise NotFound(f"{request.game_date}: no games in the schedule")
    tipoffs = {
        g["game_id"]: g["game_start_utc"]
        for g in games
        if request.mode is Mode.BACKFILL or not has_started(g, now)
    }
    if not tipoffs:
        raise NotFound(
            f"{request.game_date}: all {len(games)} games have started; allow_started predicts them "
            "as a backfill"
        )
    return tipoffs


def _wanted_systems(
    request: RunRequest, roster: Mapping[int | None, ExpectedPlayer], active: set[ActiveKey]
) -> dict[int | None, list[str]]:
    """Systems to run for each player: all with ``force``, else those without an active row."""
    everything = list(request.systems)
    if not active:
        return dict.fromkeys(roster, everything)
    return {
        i: [s for s in everything if (game, i, s) not in active and (game, lookup, s) not in active]
        for lookup, i, game in roster.values()
    }


def _is_expected(row: dict[str, Any], min_minutes: float) -> bool:
    enough = row["roster_reason"] == "line" or row["avg_minutes_last_14_days"] >= min_minutes
    return bool(row["expected"]) and (enough or bool(row["has_prop_line"]))


def build_job(
    run_id: str, request: RunRequest, row: dict[str, Any], systems: list[str], tipoff: datetime | None
) -> PredictionRequest:
    """One player's job from his row of the feature store."""
    line = None
    if row["line_value"] is not None:
        line = LineQuote(
            value=row["line_value"],
            book=row["line_book"],
            quote_id=row["line_quote_id"],
            precision=row["line_precision"],
            over_price=row["line_over_price"],
            under_price=row["line_under_price"],
            captured_at=row["line_captured_at"],
        )
    return PredictionRequest(
        schema_version=SCHEMA_VERSION,
        run_id=run_id,
        game_date=request.game_date.isoformat(),
        game_id=row["game_id"],
        player_lookup=row["player_lookup"],
        player_id=row["player_id"],
        team_abbr=row["team_abbr"],
        opponent_team_abbr=row["opponent_team_abbr"],
        systems=systems,
        mode=request.mode.value,
        as_of=row["as_of"],
        feature_version=row["feature_version"],
        feature_snapshot_id=row["snapshot_id"],
        feature_hash=row["feature_hash"],
        feature_quality_score=row["feature_quality_score"],
        features=[row[f"feature_{i}_value"] for i in range(len(FEATURES))],
        league_def_rating=row["league_def_rating"],
        days_rest=row["days_rest"],
        recent=row["recent"] or [],
        line=line,
        tipoff=tipoff,
        in_sample=request.in_sample,
        context=[None if math.isnan(v) else v for v in row["context"] or []],
    )
