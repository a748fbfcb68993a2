"""Ask a running revision whether it is the one meant, and whether what it predicts is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from shared.application.features.slate_inputs import Mode
from shared.application.operations.readiness import Check, run_check
from shared.application.prediction.staging_rows import CHAMPION
from shared.application.runs.jobs import build_job
from shared.application.runs.request import RunRequest
from shared.domain.features.context import CONTEXT
from shared.domain.features.contract import FEATURES
from shared.domain.systems.assembly import HIGHEST, LOWEST
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.errors import NotFound, Rejected
from shared.model_registry.bundle import GoldenRow, read_bundle
from shared.ports import ModelStore, Warehouse
from shared.schemas.messages import PredictionRequest
from shared.warehouse.schedule import FIRST_DATE, LAST_DATE
from shared.warehouse.statements import statement

WORKER, COORDINATOR = "prediction-worker", "prediction-coordinator"
PINNED = "catboost_v9"
MOST_GOLDEN = 20


class HttpProbe(Protocol):
    """One request to the revision: its status and its JSON. ``Unavailable`` where there is no answer."""

    def __call__(self, path: str, body: object | None = None) -> tuple[int, Any]: ...


@dataclass(frozen=True)
class ExpectedRevision:
    """What a revision has to be, a worker also by its V9 model; None takes any."""

    service: str
    commit: str | None = None
    revision: str | None = None
    model_path: str | None = None
    model_sha256: str | None = None


class CheckRevision:
    """Nothing that is asked writes anything. ``models`` and ``warehouse`` hold what is meant to come out."""

    def __init__(self, ask: HttpProbe, models: ModelStore, warehouse: Warehouse) -> None:
        self._ask, self._models, self._warehouse = ask, models, warehouse

    def __call__(self, meant: ExpectedRevision) -> list[Check]:
        """Every check, passed or failed; a revision of another service is asked nothing else."""
        beat = _Heard()
        found = [
            run_check("ready", lambda: self._get("/ready")),
            run_check("heartbeat", lambda: beat.hear(self._get("/heartbeat"), meant)),
        ]
        if not all(c.passed for c in found):
            return found
        if meant.service == COORDINATOR:
            return [*found, run_check("runs", lambda: self._get("/runs"))]
        found.append(run_check("model", lambda: _same_model(beat.champions, meant)))
        for system, model in sorted(beat.champions.items()):
            if system in MODEL_SYSTEMS and system.startswith("catboost"):
                found.append(run_check(f"golden:{system}", partial(self._golden, system, model["path"])))
        return [*found, self._real_prediction(sorted(beat.champions))]

    def _get(self, path: str, body: object | None = None) -> Any:
        status, answer = self._ask(path, body)
        if status != 200:
            detail = answer.get("detail") if isinstance(answer, dict) else answer
            raise Rejected(f"{path} answered {status}: {detail}")
        return answer

    def _golden(self, system: str, path: str) -> None:
        """Rows of the manifest come out as the training left them."""
        manifest = read_bundle(self._models, path).manifest
        golden = manifest.golden[:MOST_GOLDEN]
        rows = [{"features": _named(manifest.feature_names, g)} for g in golden]
        answer = self._get("/predict/batch", {"rows": rows, "systems": [system]})["predictions"]
        predicted = [(g, a[system]) for g, a in zip(golden, answer, strict=True) if "reason" not in a[system]]
        if not predicted:
            raise Rejected(f"{system} predicted none of {len(golden)} golden rows")
        for g, told in predicted:
            if told["raw_prediction"] != g.expected:
                raise Rejected(
                    f"{system}: a golden row gives {told['raw_prediction']!r}, wanted {g.expected!r}"
                )

    def _real_prediction(self, systems: Sequence[str]) -> Check:
        """One player of the newest feature snapshot, by every system with a model."""
        try:
            job = self._newest_job(systems)
        except NotFound as exc:
            return Check("prediction", "passed", f"left out: {exc}")
        check = run_check("prediction", lambda: self._predict(job, systems))
        said = (
            f"{job.player_lookup} on {job.game_date}: {', '.join(systems)}" if check.passed else check.detail
        )
        return Check(check.name, check.status, said, check.ms)

    def _predict(self, job: PredictionRequest, systems: Sequence[str]) -> None:
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
                raise Rejected(f"{system}: {points!r} points for {job.player_lookup}, wanted 0-60")

    def _newest_job(self, systems: Sequence[str]) -> PredictionRequest:
        asked_for = statement("newest_snapshot", first=FIRST_DATE, last=LAST_DATE)
        snapshots = self._warehouse.query(asked_for).to_pylist()
        if not snapshots:
            raise NotFound("the feature store has no snapshot yet")
        (snapshot,) = snapshots
        day, name = snapshot["game_date"], snapshot["snapshot_id"]
        rows = self._warehouse.query(
            statement("snapshot_features", first=day, last=day, snapshots=[name])
        ).to_pylist()
        if not rows:
            raise NotFound(f"snapshot {name} of {day} has no rows")
        best = max(rows, key=lambda r: (r["line_value"] is not None, r["feature_quality_score"]))
        request = RunRequest(day, Mode(snapshot["mode"]), True, True, tuple(systems), 0.0, None)
        return build_job("release-check", request, best, list(systems), None)


class _Heard:
    """What the heartbeat told."""

    def __init__(self) -> None:
        self.champions: dict[str, Mapping[str, Any]] = {}

    def hear(self, beat: Mapping[str, Any], meant: ExpectedRevision) -> None:
        for name, wanted in (
            ("service", meant.service),
            ("commit", meant.commit),
            ("revision", meant.revision),
        ):
            if wanted is not None and beat[name] != wanted:
                raise Rejected(f"{name} {beat[name]!r}, wanted {wanted!r}")
        self.champions = {m["system_id"]: m for m in beat.get("models", []) if m["role"] == CHAMPION}


def _same_model(champions: Mapping[str, Mapping[str, Any]], meant: ExpectedRevision) -> None:
    if PINNED not in champions:
        raise Rejected(f"{PINNED} does not run")
    there = champions[PINNED]
    for name, wanted in (("path", meant.model_path), ("sha256", meant.model_sha256)):
        if wanted is not None and there[name] != wanted:
            raise Rejected(f"{PINNED} runs {name} {there[name]}, wanted {wanted}")
    unverified = sorted(s for s, m in champions.items() if not m["verified"])
    if unverified:
        raise Rejected(f"unverified, without a manifest beside it: {', '.join(unverified)}")


def _named(names: Sequence[str], golden: GoldenRow) -> dict[str, float | None]:
    return dict(zip(names, golden.features, strict=True))
