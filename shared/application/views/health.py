"""Whether the installation works: stores, services, what they serve, and what could not be handled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.application.messaging.dead_letters import RejectedMessages, RejectedMessageSummary
from shared.application.models.registry import Registry, State
from shared.application.operations import remedies
from shared.application.operations.deployments import Deployments
from shared.application.operations.doctor import heartbeat_findings
from shared.application.operations.heartbeats import Heartbeats
from shared.application.operations.readiness import Check, run_check
from shared.application.operations.worker_models import WORKER, check_worker_models, is_running
from shared.application.queries.shared_connection import shared_connection
from shared.application.views.findings_summary import Judged, judged
from shared.application.views.partial_view import Parts
from shared.domain.findings import Finding, critical, info, ok, warning
from shared.domain.instants import eastern_date
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.ports import Clock, Documents, RunStore, Warehouse

NEWEST_DEPLOYMENTS = 20


@dataclass(frozen=True)
class ServiceRow:
    """What a process said with its last beat, and the commit that was deployed last; None where none was."""

    name: str
    status: str
    age: timedelta
    commit: str | None
    deployed_commit: str | None


@dataclass(frozen=True)
class ServedRow:
    """One system: the model in the worker's memory, the registry's champion, the one deployed last.

    ``agrees``: whether serving and champion are the same; None where one of them is not known.
    """

    system_id: str
    serves: str | None
    champion: str | None
    deployed: str | None
    agrees: bool | None


@dataclass(frozen=True)
class DeploymentRow:
    deployed_at: datetime
    service: str
    action: str
    outcome: str
    commit: str
    revision: str | None
    model: str | None
    reason: str | None
    deployed_by: str


@dataclass(frozen=True)
class Health:
    judged: Judged
    checks: tuple[Check, ...]
    services: tuple[ServiceRow, ...]
    served: tuple[ServedRow, ...]
    messages: tuple[RejectedMessageSummary, ...]
    deployments: tuple[DeploymentRow, ...]
    away: tuple[str, ...]


class ShowHealth:
    """Three statements; stores and services are looked at in real time, whatever the product's clock says."""

    def __init__(
        self,
        warehouse: Warehouse,
        runs: RunStore,
        documents: Documents,
        kept: RejectedMessages,
        clock: Clock,
    ) -> None:
        self._warehouse, self._runs, self._kept, self._clock = warehouse, runs, kept, clock
        self._heartbeats = Heartbeats(documents)
        self._registry = Registry(warehouse)
        self._deployments = Deployments(warehouse)

    @shared_connection
    def __call__(self) -> Health:
        parts = Parts()
        models: list[dict[str, Any]] = []
        told: dict[str, dict[str, Any]] = {}
        checks = (
            run_check("warehouse", lambda: models.extend(parts.tell("warehouse", self._registry.models))),
            run_check("run store", lambda: parts.tell("run store", lambda: self._runs.runs(limit=1))),
            run_check("documents", lambda: told.update(parts.tell("documents", self._heartbeats.latest))),
        )
        deployed = parts.ask("warehouse", self._deployments.newest) or []
        messages = parts.ask("warehouse", self._messages) or []
        beats = parts.ask("documents", lambda: heartbeat_findings(self._heartbeats)) or []
        beat = told.get(WORKER)
        served = _served(beat.get("models", {}) if beat and is_running(beat) else {}, models, deployed)
        findings = [
            *(critical(f"store:{c.name}", c.detail, "props doctor") for c in checks if not c.passed),
            *(ok(f"store:{c.name}", c.detail) for c in checks if c.passed),
            *beats,
            *_drifted(served, models),
            *(self._serving(told, models) if not parts.away else []),
            *(_unhandled(messages) if parts.answered("warehouse") else []),
        ]
        return Health(
            judged=judged(findings),
            checks=checks,
            services=tuple(_service(name, said, deployed) for name, said in sorted(told.items())),
            served=served,
            messages=tuple(messages),
            deployments=tuple(map(_deployment, deployed[:NEWEST_DEPLOYMENTS])),
            away=parts.away,
        )

    def _serving(
        self, told: Mapping[str, Mapping[str, Any]], models: Sequence[Mapping[str, Any]]
    ) -> list[Finding]:
        return check_worker_models(told.get(WORKER), models, eastern_date(self._clock.now()))

    def _messages(self) -> list[RejectedMessageSummary]:
        self._kept.collect()
        return self._kept.list_newest()


def _service(name: str, said: Mapping[str, Any], deployed: Sequence[Mapping[str, Any]]) -> ServiceRow:
    last = _last_success(name, deployed)
    return ServiceRow(
        name=name,
        status=str(said["status"]),
        age=datetime.now(UTC) - datetime.fromisoformat(said["last_heartbeat"]),
        commit=said.get("commit"),
        deployed_commit=last["commit"] if last else None,
    )


def _last_success(service: str, deployed: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((d for d in deployed if d["service"] == service and d["outcome"] == "succeeded"), None)


def _served(
    in_memory: Mapping[str, str], models: Sequence[Mapping[str, Any]], deployed: Sequence[Mapping[str, Any]]
) -> tuple[ServedRow, ...]:
    """Every system with a model. What is in memory is known by hash; a bundle that is not registered is
    named by it."""
    champions = {m["system_id"]: m for m in models if m["state"] == State.CHAMPION}
    last = _last_success(WORKER, deployed)
    pinned = last["model_sha256"] if last else None
    rows = []
    for system in MODEL_SYSTEMS:
        sha256, champion = in_memory.get(system), champions.get(system)
        known = sha256 is not None and champion is not None
        rows.append(
            ServedRow(
                system_id=system,
                serves=sha256 and (_model_id(models, system, sha256) or f"sha256 {sha256[:12]}"),
                champion=champion["model_id"] if champion else None,
                deployed=_model_id(models, system, pinned) if system == "catboost_v9" else None,
                agrees=champion["sha256"] == sha256 if known and champion else None,
            )
        )
    return tuple(rows)


def _model_id(models: Sequence[Mapping[str, Any]], system: str, sha256: str | None) -> str | None:
    """Return the registered model of the hash: the system's own where other systems have the same file."""
    same = [m for m in models if sha256 and m["sha256"] == sha256]
    own = [m for m in same if m["system_id"] == system]
    return next((str(m["model_id"]) for m in own or same), None)


def _drifted(served: Sequence[ServedRow], models: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Models that serve although the registry's champion is another."""
    wrong = [
        f"{s.system_id} serves {s.serves}, the champion is {s.champion}" for s in served if s.agrees is False
    ]
    if wrong:
        first = next(s.champion for s in served if s.agrees is False)
        remedy = remedies.serve(next(m for m in models if m["model_id"] == first))
        return [critical("models:champion", "; ".join(wrong), remedy)]
    if not any(s.agrees for s in served):
        return [info("models:champion", "no serving model has a champion to be compared with")]
    return [ok("models:champion", "every serving model that has a champion is it")]


def _unhandled(messages: Sequence[RejectedMessageSummary]) -> list[Finding]:
    dead = sum(m.is_dead_letter and m.replayed_at is None for m in messages)
    refused = sum(not m.is_dead_letter for m in messages)
    found = []
    if dead:
        found.append(
            critical("messages:dead", f"{dead} given up by the broker", "props deadletters replay --all")
        )
    if refused:
        found.append(
            warning("messages:rejected", f"{refused} refused by a service", "props deadletters list")
        )
    return found or [ok("messages", "none was refused or given up, or all were replayed")]


def _deployment(row: Mapping[str, Any]) -> DeploymentRow:
    return DeploymentRow(
        deployed_at=row["deployed_at"],
        service=row["service"],
        action=row["action"],
        outcome=row["outcome"],
        commit=row["commit"],
        revision=row["revision"],
        model=row["model_id"] or row["model_path"],
        reason=row["reason"] or row["override_reason"],
        deployed_by=row["deployed_by"],
    )
