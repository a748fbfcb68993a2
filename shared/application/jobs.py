"""The jobs of a run: one message per expected player, pinned to one feature snapshot."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.application.known import Mode
from shared.application.run_request import RunRequest
from shared.domain.features_contract import FEATURES
from shared.errors import NotFound, Unavailable
from shared.ports import Warehouse
from shared.schemas.messages import SCHEMA_VERSION, LineQuote, PredictionRequest
from shared.warehouse.schedule import games_between, has_started
from shared.warehouse.statements import statement

NO_FEATURES = "no_features"


@dataclass(frozen=True)
class RunJobs:
    """Jobs to publish, and players who are expected but have no features, with their game."""

    jobs: list[PredictionRequest]
    without_features: dict[str, str]
    games: dict[str, str]
    """Game id by player, for everybody expected."""


class PrepareJobs:
    """Reads slate, roster, features and lines of a run: a fixed number of queries, whatever its size."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __call__(
        self, run_id: str, request: RunRequest, now: datetime, also_expected: Mapping[str, str] | None = None
    ) -> RunJobs:
        """``NotFound`` for no games or players, ``Unavailable`` where the feature store is not ready.

        ``also_expected``: players by game that the caller expects beside the snapshot's roster; without
        features there, they are named as such.
        """
        tipoffs = self._open_games(request, now)
        snapshot = self._snapshot(request)
        params = {"game_date": request.game_date, "snapshot_id": snapshot}
        roster = {
            row["player_lookup"]: row
            for row in self._warehouse.query(statement("snapshot_roster", **params)).to_pylist()
            if row["game_id"] in tipoffs and _is_expected(row, request.min_minutes)
        }
        if not roster:
            raise NotFound(f"{request.game_date}: no expected players in {len(tipoffs)} games")
        features = {
            row["player_lookup"]: row
            for row in self._warehouse.query(statement("snapshot_features", **params)).to_pylist()
            if row["player_lookup"] in roster
        }
        missing = sorted(set(roster) - set(features))
        if missing and not request.skip_mlfs_check:
            raise Unavailable(
                f"{request.game_date}: features for {len(features)} of {len(roster)} expected players; "
                f"missing {', '.join(missing[:5])}{' ...' if len(missing) > 5 else ''}; "
                f"run: props features build --dates {request.game_date}"
            )
        wanted = self._wanted_systems(request, roster)
        lost = {p: roster[p]["game_id"] for p in missing if wanted[p]}
        lost |= {p: g for p, g in (also_expected or {}).items() if p not in roster and g in tipoffs}
        return RunJobs(
            [
                job_of(run_id, request, row, wanted[player], tipoffs[row["game_id"]])
                for player, row in features.items()
                if wanted[player]
            ],
            lost,
            {p: row["game_id"] for p, row in roster.items() if wanted[p]} | lost,
        )

    def _open_games(self, request: RunRequest, now: datetime) -> dict[str, datetime | None]:
        """Tip-off by game id of the games that may be predicted."""
        games = games_between(self._warehouse, request.game_date, request.game_date).to_pylist()
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

    def _snapshot(self, request: RunRequest) -> str:
        found = self._warehouse.query(
            statement("latest_snapshot", game_date=request.game_date, mode=request.mode.value)
        ).to_pylist()
        if not found:
            raise Unavailable(
                f"{request.game_date}: no {request.mode.value.lower()} features in the feature store; "
                f"run: props features build --dates {request.game_date}"
                f"{' --backfill' if request.mode is Mode.BACKFILL else ''}"
            )
        return str(found[0]["snapshot_id"])

    def _wanted_systems(self, request: RunRequest, roster: dict[str, Any]) -> dict[str, list[str]]:
        """Systems to run for each player: all with ``force``, else those without an active row."""
        if request.force or request.in_sample:
            return {player: list(request.systems) for player in roster}
        rows = self._warehouse.query(statement("active_keys", game_date=request.game_date)).to_pylist()
        active = {(r["game_id"], r["player_lookup"], r["system_id"]) for r in rows}
        return {
            player: [s for s in request.systems if (row["game_id"], player, s) not in active]
            for player, row in roster.items()
        }


def _is_expected(row: dict[str, Any], min_minutes: float) -> bool:
    enough = row["roster_reason"] == "line" or row["avg_minutes_last_14_days"] >= min_minutes
    return bool(row["expected"]) and (enough or bool(row["has_prop_line"]))


def job_of(
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
