"""The jobs of runs: one per expected player, pinned to one feature snapshot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from shared.application.runs.request import RunRequest, replaces_played_games, require_reason
from shared.domain.features.contract import FEATURES
from shared.domain.vocabulary import Outcome, OutcomeKind, RunMode
from shared.errors import AppError, NotFound, Unavailable
from shared.ports import ExpectedPlayer, Warehouse
from shared.schemas.feature_store import ML_FEATURE_STORE
from shared.schemas.messages import SCHEMA_VERSION, LineQuote, PredictionRequest
from shared.warehouse.history import by_day
from shared.warehouse.schedule import games_between, has_started, live_rows_at_tipoff
from shared.warehouse.statements import query_rows, statement

NO_FEATURES = Outcome(OutcomeKind.SKIPPED, "no_features")


@dataclass(frozen=True)
class RunJobs:
    """The jobs of one run: a feature store row per job, and the systems of each row.

    ``without_features``: expected players without a row. ``players``: all expected players.
    ``tipoffs``: by game id, None if unknown.
    """

    run_id: str
    request: RunRequest
    rows: pa.Table
    systems: list[list[str]]
    without_features: list[ExpectedPlayer]
    players: list[ExpectedPlayer]
    tipoffs: dict[str, datetime | None]

    def requests(self) -> list[PredictionRequest]:
        return [
            build_job(self.run_id, self.request, row, systems, self.tipoffs[row["game_id"]])
            for row, systems in zip(self.rows.to_pylist(), self.systems, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class RunToPrepare:
    """A run to prepare. ``also_expected``: players that the caller expects in addition to the snapshot's
    roster; they are reported as without features."""

    run_id: str
    request: RunRequest
    also_expected: Sequence[ExpectedPlayer] = ()


class PrepareJobs:
    """Reads slate, roster, features and lines of any number of runs with a fixed number of queries."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def check_warehouse(self, game_date: date) -> None:
        """Raise ``Unavailable`` if the warehouse cannot be queried."""
        games_between(self._warehouse, game_date, game_date)

    def __call__(
        self, run_id: str, request: RunRequest, now: datetime, also_expected: Sequence[ExpectedPlayer] = ()
    ) -> RunJobs:
        """Prepare one run. ``NotFound`` without games or players, ``Unavailable`` without features."""
        (prepared,) = self.prepare_all([RunToPrepare(run_id, request, also_expected)], now)
        if isinstance(prepared, AppError):
            raise prepared
        return prepared

    def check_reason(self, request: RunRequest, now: datetime) -> None:
        """Raise ``Rejected`` if a run without a reason would replace the record of a played date."""
        if replaces_played_games(request.force, request.mode, request.in_sample):
            day = request.game_date
            live = live_rows_at_tipoff(self._warehouse, day, day, now)
            require_reason(request, live.get(day, 0))

    def prepare_all(self, runs: Sequence[RunToPrepare], now: datetime) -> list[RunJobs | AppError]:
        """Prepare runs whose requests differ only in the date; return the jobs or the error of each run."""
        stored = _StoredInputs.read(self._warehouse, [r.request for r in runs])
        prepared: list[RunJobs | AppError] = []
        for run in runs:
            try:
                prepared.append(_prepare(run, now, stored))
            except AppError as exc:
                prepared.append(exc)
        return prepared


@dataclass(frozen=True)
class _StoredInputs:
    """Warehouse rows of the requested dates, each table split by date."""

    games: dict[date, list[dict[str, Any]]]
    snapshots: dict[date, str]
    rosters: dict[date, pa.Table]
    features: dict[date, pa.Table]
    active: dict[date, set[ActiveKey]]

    @staticmethod
    def read(warehouse: Warehouse, requests: Sequence[RunRequest]) -> _StoredInputs:
        days, request = {r.game_date for r in requests}, requests[0]
        span = {"first": min(days), "last": max(days)}
        games: dict[date, list[dict[str, Any]]] = {}
        for game in games_between(warehouse, **span).to_pylist():
            games.setdefault(game["game_date"], []).append(game)
        newest = query_rows(warehouse, "snapshots_between", mode=request.mode.value, **span)
        snapshots = {s["game_date"]: str(s["snapshot_id"]) for s in newest if s["game_date"] in days}
        pinned = span | {"snapshots": sorted(snapshots.values())}
        skips_active = not (request.force or request.in_sample)
        return _StoredInputs(
            games,
            snapshots,
            by_day(warehouse.query(statement("snapshot_roster", **pinned))) if snapshots else {},
            by_day(warehouse.query(statement("snapshot_features", **pinned))) if snapshots else {},
            _active_keys(warehouse.query(statement("active_keys", **span))) if skips_active else {},
        )


ActiveKey = tuple[str, int | str, str]
"""Game id, player and system; the player's id, or the spelling in rows without an id."""


def _active_keys(rows: pa.Table) -> dict[date, set[ActiveKey]]:
    keys: dict[date, set[ActiveKey]] = {}
    columns = ("game_date", "game_id", "player_id", "player_lookup", "system_id")
    for day, game, player_id, lookup, system in zip(*(rows[c].to_pylist() for c in columns), strict=True):
        keys.setdefault(day, set()).add((game, lookup if player_id is None else player_id, system))
    return keys


def _prepare(run: RunToPrepare, now: datetime, stored: _StoredInputs) -> RunJobs:
    request, day = run.request, run.request.game_date
    tipoffs = _open_games(request, now, stored.games.get(day, []))
    command = f"props features build --dates {day}{' --backfill' if request.mode is RunMode.BACKFILL else ''}"
    if day not in stored.snapshots:
        raise Unavailable(
            f"{day}: no {request.mode.value.lower()} features in the feature store; run: {command}"
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
    stored_player_ids = features["player_id"].to_pylist() if features else []
    players_with_features = set(stored_player_ids)
    missing_players = sorted(player for p, player in roster.items() if p not in players_with_features)
    if missing_players and not request.skip_mlfs_check:
        names = ", ".join(p.player_lookup for p in missing_players[:5])
        raise Unavailable(
            f"{day}: features for {len(roster) - len(missing_players)} of {len(roster)} expected players; "
            f"missing {names}{' ...' if len(missing_players) > 5 else ''}; "
            f"run: {command}; or leave them out with skip_mlfs_check"
        )
    systems = _systems_to_run(request, roster, stored.active.get(day, set()))
    without_features = [p for p in missing_players if systems[p.player_id]]
    without_features += [p for p in run.also_expected if p.player_id not in roster and p.game_id in tipoffs]
    row_indices = [i for i, player in enumerate(stored_player_ids) if systems.get(player)]
    empty_rows = ML_FEATURE_STORE.arrow_schema.empty_table()
    return RunJobs(
        run.run_id,
        request,
        features.take(pa.array(row_indices, pa.int64())) if features else empty_rows,
        [systems[stored_player_ids[i]] for i in row_indices],
        without_features,
        [p for p in roster.values() if systems[p.player_id] and p.player_id in players_with_features]
        + without_features,
        tipoffs,
    )


def _open_games(
    request: RunRequest, now: datetime, games: Sequence[dict[str, Any]]
) -> dict[str, datetime | None]:
    """Return the tip-off by game id of the games that may be predicted."""
    if not games:
        raise NotFound(f"{request.game_date}: no games in the schedule")
    tipoffs = {
        g["game_id"]: g["game_start_utc"]
        for g in games
        if request.mode is RunMode.BACKFILL or not has_started(g, now)
    }
    if not tipoffs:
        raise NotFound(
            f"{request.game_date}: all {len(games)} games have started; allow_started predicts them "
            "as a backfill"
        )
    return tipoffs


def _systems_to_run(
    request: RunRequest, roster: Mapping[int | None, ExpectedPlayer], active: set[ActiveKey]
) -> dict[int | None, list[str]]:
    """Return the systems to run for each player: all with ``force``, else those without an active row."""
    all_systems = list(request.systems)
    if not active:
        return dict.fromkeys(roster, all_systems)
    return {
        i: [s for s in all_systems if (game, i, s) not in active and (game, lookup, s) not in active]
        for lookup, i, game in roster.values()
    }


def _is_expected(row: dict[str, Any], min_minutes: float) -> bool:
    plays_enough = row["roster_reason"] == "line" or row["avg_minutes_last_14_days"] >= min_minutes
    return bool(row["expected"]) and (plays_enough or bool(row["has_prop_line"]))


def build_job(
    run_id: str, request: RunRequest, row: dict[str, Any], systems: list[str], tipoff: datetime | None
) -> PredictionRequest:
    """Build the job message of one player from a feature store row."""
    return PredictionRequest(
        schema_version=SCHEMA_VERSION,
        run_id=run_id,
        game_date=request.game_date,
        game_id=row["game_id"],
        player_lookup=row["player_lookup"],
        player_id=row["player_id"],
        team_abbr=row["team_abbr"],
        opponent_team_abbr=row["opponent_team_abbr"],
        systems=systems,
        mode=request.mode,
        as_of=row["as_of"],
        feature_version=row["feature_version"],
        feature_snapshot_id=row["snapshot_id"],
        feature_hash=row["feature_hash"],
        feature_quality_score=row["feature_quality_score"],
        features=[row[f"feature_{i}_value"] for i in range(len(FEATURES))],
        league_def_rating=row["league_def_rating"],
        days_rest=row["days_rest"],
        recent=row["recent"] or [],
        line=LineQuote.from_row(row),
        tipoff=tipoff,
        in_sample=request.in_sample,
        context=[None if math.isnan(v) else v for v in row["context"] or []],
    )
