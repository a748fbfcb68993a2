"""State of the installation: stores, services, live models, unhandled messages, deployments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.application.messaging.dead_letters import RejectedMessages, RejectedMessageSummary
from shared.application.models.registry import Registry, State
from shared.application.operations import remedies
from shared.application.operations.deployments import Deployments
from shared.application.operations.doctor import NO_MESSAGES, heartbeat_findings, message_findings
from shared.application.operations.heartbeats import Heartbeats
from shared.application.operations.readiness import Check, run_check
from shared.application.operations.worker_models import WORKER, check_worker_models, is_running
from shared.application.queries.shared_connection import shared_connection
from shared.application.views.findings_summary import FindingsSummary, summarize_findings
from shared.application.views.partial_view import PartialView
from shared.application.views.rows import from_columns
from shared.domain.findings import Finding, critical, info, ok
from shared.domain.instants import eastern_date
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.ports import Clock, Documents, RunStore, Warehouse

NEWEST_DEPLOYMENTS = 20


@dataclass(frozen=True)
class ServiceRow:
    """Last heartbeat of a process, and its last deployed commit; a commit is None if it is not recorded."""

    name: str
    status: str
    age: timedelta
    commit: str | None
    deployed_commit: str | None


@dataclass(frozen=True)
class ServedRow:
    """Models of one system: in the worker's memory, the registry's champion, and the last deployed one.

    ``agrees``: whether the worker serves the champion; None if one of the two is missing.
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
    summary: FindingsSummary
    checks: tuple[Check, ...]
    services: tuple[ServiceRow, ...]
    served: tuple[ServedRow, ...]
    messages: tuple[RejectedMessageSummary, ...]
    deployments: tuple[DeploymentRow, ...]
    unavailable: tuple[str, ...]


class ShowHealth:
    """Runs three statements. Stores and services are checked in real time, not by the product's clock."""

    def __init__(
        self,
        warehouse: Warehouse,
        runs: RunStore,
        documents: Documents,
        rejected_messages: RejectedMessages,
        clock: Clock,
    ) -> None:
        self._warehouse, self._runs, self._clock = warehouse, runs, clock
        self._rejected_messages = rejected_messages
        self._heartbeats = Heartbeats(documents)
        self._registry = Registry(warehouse)
        self._deployments = Deployments(warehouse)

    @shared_connection
    def __call__(self) -> Health:
        parts = PartialView()
        models: list[dict[str, Any]] = []
        beats: dict[str, dict[str, Any]] = {}
        checks = (
            run_check("warehouse", lambda: models.extend(parts.require("warehouse", self._registry.models))),
            run_check("run store", lambda: parts.require("run store", lambda: self._runs.runs(limit=1))),
            run_check("documents", lambda: beats.update(parts.require("documents", self._heartbeats.latest))),
        )
        deployed = parts.get_or_none("warehouse", self._deployments.newest) or []
        messages = parts.get_or_none("warehouse", self._messages) or []
        beat_findings = parts.get_or_none("documents", lambda: heartbeat_findings(self._heartbeats)) or []
        beat, today = beats.get(WORKER), eastern_date(self._clock.now())
        served = _served(beat.get("models", {}) if beat and is_running(beat) else {}, models, deployed)
        findings = [
            *(critical(f"store:{c.name}", c.detail, "props doctor") for c in checks if not c.passed),
            *(ok(f"store:{c.name}", c.detail) for c in checks if c.passed),
            *beat_findings,
            *_champion_findings(served, models),
            *(check_worker_models(beats.get(WORKER), models, today) if not parts.unavailable else []),
            *(_unhandled(messages) if parts.answered("warehouse") else []),
        ]
        return Health(
            summary=summarize_findings(findings),
            checks=checks,
            services=tuple(_service(name, beat, deployed) for name, beat in sorted(beats.items())),
            served=served,
            messages=tuple(messages),
            deployments=tuple(map(_deployment, deployed[:NEWEST_DEPLOYMENTS])),
            unavailable=parts.unavailable,
        )

    def _messages(self) -> list[RejectedMessageSummary]:
        self._rejected_messages.collect()
        return self._rejected_messages.list_newest()


def _service(name: str, beat: Mapping[str, Any], deployed: Sequence[Mapping[str, Any]]) -> ServiceRow:
    last = _last_success(name, deployed)
    return ServiceRow(
        name=name,
        status=str(beat["status"]),
        age=datetime.now(UTC) - datetime.fromisoformat(beat["last_heartbeat"]),
        commit=beat.get("commit"),
        deployed_commit=last["commit"] if last else None,
    )


def _last_success(service: str, deployed: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((d for d in deployed if d["service"] == service and d["outcome"] == "succeeded"), None)


def _served(
    in_memory: Mapping[str, str], models: Sequence[Mapping[str, Any]], deployed: Sequence[Mapping[str, Any]]
) -> tuple[ServedRow, ...]:
    """Every system with a model. The worker reports models by hash; a model that is not registered is shown
    by its hash."""
    champions = {m["system_id"]: m for m in models if m["state"] == State.CHAMPION}
    last = _last_success(WORKER, deployed)
    pinned = last["model_sha256"] if last else None
    rows = []
    for system in MODEL_SYSTEMS:
        sha256, champion = in_memory.get(system), champions.get(system)
        rows.append(
            ServedRow(
                system_id=system,
                serves=sha256 and (_model_id(models, system, sha256) or f"sha256 {sha256[:12]}"),
                champion=champion["model_id"] if champion else None,
                deployed=_model_id(models, system, pinned) if system == "catboost_v9" else None,
                agrees=champion["sha256"] == sha256 if sha256 is not None and champion is not None else None,
            )
        )
    return tuple(rows)


def _model_id(models: Sequence[Mapping[str, Any]], system: str, sha256: str | None) -> str | None:
    """Return the registered model with this hash, preferably one of this system."""
    same_file = [m for m in models if sha256 and m["sha256"] == sha256]
    own = [m for m in same_file if m["system_id"] == system]
    return next((str(m["model_id"]) for m in own or same_file), None)


def _champion_findings(served: Sequence[ServedRow], models: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Findings on live models that are not the registry's champion."""
    mismatches = [
        f"{s.system_id} serves {s.serves}, the champion is {s.champion}" for s in served if s.agrees is False
    ]
    if mismatches:
        first = next(s.champion for s in served if s.agrees is False)
        remedy = remedies.serve(next(m for m in models if m["model_id"] == first))
        return [critical("models:champion", "; ".join(mismatches), remedy)]
    if not any(s.agrees for s in served):
        return [info("models:champion", "no live model has a champion to compare with")]
    return [ok("models:champion", "every live model with a registered champion is that champion")]


def _unhandled(messages: Sequence[RejectedMessageSummary]) -> list[Finding]:
    dead = sum(m.is_dead_letter and m.replayed_at is None for m in messages)
    rejected = sum(not m.is_dead_letter for m in messages)
    dead_evidence = f"{dead} dead-lettered by the broker" if dead else None
    rejected_evidence = f"{rejected} rejected by a service" if rejected else None
    return message_findings(dead_evidence, rejected_evidence) or [NO_MESSAGES]


def _deployment(row: Mapping[str, Any]) -> DeploymentRow:
    model, reason = row["model_id"] or row["model_path"], row["reason"] or row["override_reason"]
    return from_columns(DeploymentRow, row, model=model, reason=reason)
