"""Check that a running revision is the expected one and that its predictions are correct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from shared.application.operations.readiness import Check, run_check
from shared.application.runs.jobs import build_job
from shared.application.runs.request import RunRequest
from shared.domain.features.context import CONTEXT
from shared.domain.features.contract import FEATURES
from shared.domain.systems.assembly import HIGHEST, LOWEST
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.domain.vocabulary import Role, RunMode
from shared.errors import NotFound, Rejected
from shared.model_registry.bundle import read_bundle
from shared.ports import ModelStore, Warehouse
from shared.schemas.messages import PredictionRequest
from shared.warehouse.schedule import FIRST_DATE, LAST_DATE
from shared.warehouse.statements import query_rows

WORKER, COORDINATOR = "prediction-worker", "prediction-coordinator"
PINNED = "catboost_v9"
MOST_GOLDEN = 20


class HttpProbe(Protocol):
    """Sends a request to the revision; returns status and JSON. ``Unavailable`` without a response."""

    def __call__(self, path: str, body: object | None = None) -> tuple[int, Any]: ...


@dataclass(frozen=True)
class ExpectedRevision:
    """The expected identity of a revision, for a worker also its V9 model; None accepts any value."""

    service: str
    commit: str | None = None
    revision: str | None = None
    model_path: str | None = None
    model_sha256: str | None = None


class CheckRevision:
    """Runs read-only checks. ``models`` and ``warehouse`` provide inputs and expected values."""

    def __init__(self, probe: HttpProbe, models: ModelStore, warehouse: Warehouse) -> None:
        self._probe, self._models, self._warehouse = probe, models, warehouse

    def __call__(self, expected: ExpectedRevision) -> list[Check]:
        """Return all checks; stop after the first two if the revision is not the expected one."""
        heartbeat = _Heartbeat()
        checks = [
            run_check("ready", lambda: self._get("/ready")),
            run_check("heartbeat", lambda: heartbeat.verify(self._get("/heartbeat"), expected)),
        ]
        if not all(c.passed for c in checks):
            return checks
        if expected.service == COORDINATOR:
            return [*checks, run_check("runs", lambda: self._get("/runs"))]
        checks.append(run_check("model", lambda: _check_model(heartbeat.champions, expected)))
        for system, model in sorted(heartbeat.champions.items()):
            if system in MODEL_SYSTEMS and system.startswith("catboost"):
                checks.append(
                    run_check(f"golden:{system}", partial(self._check_golden, system, model["path"]))
                )
        return [*checks, self._check_newest_player(sorted(heartbeat.champions))]

    def _get(self, path: str, body: object | None = None) -> Any:
        status, answer = self._probe(path, body)
        if status != 200:
            detail = answer.get("detail") if isinstance(answer, dict) else answer
            raise Rejected(f"{path} answered {status}: {detail}")
        return answer

    def _check_golden(self, system: str, path: str) -> None:
        """Check that the golden rows of the manifest get exactly their recorded predictions."""
        manifest = read_bundle(self._models, path).manifest
        golden = manifest.golden[:MOST_GOLDEN]
        rows = [{"features": dict(zip(manifest.feature_names, g.features, strict=True))} for g in golden]
        answer = self._get("/predict/batch", {"rows": rows, "systems": [system]})["predictions"]
        predicted = [(g, a[system]) for g, a in zip(golden, answer, strict=True) if "reason" not in a[system]]
        if not predicted:
            raise Rejected(f"{system} predicted none of {len(golden)} golden rows")
        for g, prediction in predicted:
            if prediction["raw_prediction"] != g.expected:
                raise Rejected(
                    f"{system}: a golden row gives {prediction['raw_prediction']!r}, expected {g.expected!r}"
                )

    def _check_newest_player(self, systems: Sequence[str]) -> Check:
        """Predict one player of the newest feature snapshot with every system that has a model."""
        try:
            job = self._build_newest_job(systems)
        except NotFound as exc:
            return Check("prediction", "passed", f"left out: {exc}")
        check = run_check("prediction", lambda: self._check_prediction(job, systems))
        detail = (
            f"{job.player_lookup} on {job.game_date}: {', '.join(systems)}" if check.passed else check.detail
        )
        return Check(check.name, check.status, detail, check.ms)

    def _check_prediction(self, job: PredictionRequest, systems: Sequence[str]) -> None:
        line = job.line
        row = {
            "features": dict(zip((*FEATURES, *CONTEXT), [*job.features, *job.context], strict=False)),
            "line": line.value if line else None,
            "over_price": line.over_price if line else None,
            "under_price": line.under_price if line else None,
            "league_def_rating": job.league_def_rating,
            "days_rest": job.days_rest,
        }
        (answer,) = self._get("/predict/batch", {"rows": [row], "systems": list(systems)})["predictions"]
        for system in systems:
            if "reason" in answer[system]:
                raise Rejected(f"{system} emits nothing for {job.player_lookup}: {answer[system]['reason']}")
            points = answer[system]["predicted_points"]
            if points is None or not LOWEST <= points <= HIGHEST:
                raise Rejected(f"{system}: {points!r} points for {job.player_lookup}, expected 0-60")

    def _build_newest_job(self, systems: Sequence[str]) -> PredictionRequest:
        snapshots = query_rows(self._warehouse, "newest_snapshot", first=FIRST_DATE, last=LAST_DATE)
        if not snapshots:
            raise NotFound("the feature store has no snapshot yet")
        (snapshot,) = snapshots
        day, name = snapshot["game_date"], snapshot["snapshot_id"]
        rows = query_rows(self._warehouse, "snapshot_features", first=day, last=day, snapshots=[name])
        if not rows:
            raise NotFound(f"snapshot {name} of {day} has no rows")
        best_row = max(rows, key=lambda r: (r["line_value"] is not None, r["feature_quality_score"]))
        request = RunRequest(
            game_date=day,
            mode=RunMode(snapshot["mode"]),
            force=True,
            skip_mlfs_check=True,
            systems=tuple(systems),
            min_minutes=0.0,
        )
        return build_job("release-check", request, best_row, list(systems), None)


class _Heartbeat:
    """The champions from the heartbeat, which must match the expected revision."""

    def __init__(self) -> None:
        self.champions: dict[str, Mapping[str, Any]] = {}

    def verify(self, heartbeat: Mapping[str, Any], expected: ExpectedRevision) -> None:
        for name, expected_value in (
            ("service", expected.service),
            ("commit", expected.commit),
            ("revision", expected.revision),
        ):
            if expected_value is not None and heartbeat[name] != expected_value:
                raise Rejected(f"{name} {heartbeat[name]!r}, expected {expected_value!r}")
        self.champions = {
            m["system_id"]: m for m in heartbeat.get("models", []) if m["role"] == Role.CHAMPION
        }


def _check_model(champions: Mapping[str, Mapping[str, Any]], expected: ExpectedRevision) -> None:
    if PINNED not in champions:
        raise Rejected(f"{PINNED} does not run")
    served = champions[PINNED]
    for name, expected_value in (("path", expected.model_path), ("sha256", expected.model_sha256)):
        if expected_value is not None and served[name] != expected_value:
            raise Rejected(f"{PINNED} runs {name} {served[name]}, expected {expected_value}")
    unverified = sorted(s for s, m in champions.items() if not m["verified"])
    if unverified:
        raise Rejected(f"unverified, no manifest next to the file: {', '.join(unverified)}")
