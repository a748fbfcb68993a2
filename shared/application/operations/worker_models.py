"""Compares the worker's loaded models with the registry's champions and its configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from shared.application.models.registry import State
from shared.application.operations import remedies
from shared.application.operations.heartbeats import DEAD, RUNNING
from shared.domain.findings import Finding, critical, info, ok, warning
from shared.domain.systems.catalog import MODEL_SYSTEMS

WORKER = "prediction-worker"


def check_worker_models(
    beat: Mapping[str, Any] | None, registered: Sequence[Mapping[str, Any]], game_date: date
) -> list[Finding]:
    """Return a finding for each model that should serve and does not, or is unverified.

    ``beat``: the worker's last heartbeat, or None. The models of a stopped worker are not checked: its
    heartbeat has its own finding.
    """
    if beat is None or not is_running(beat):
        return [info("serving", "the worker does not run, so no model serves", "props serve")]
    in_memory: Mapping[str, str] = beat.get("models", {})
    champions = {m["system_id"]: m for m in registered if m["state"] == State.CHAMPION}
    off = dict(text.split(": ", 1) for text in beat.get("off", ()))

    def remedy(system: str) -> str:
        return _find_remedy(system, champions, registered, game_date)

    findings = [
        critical(f"serving:{system}", f"off, although it is configured or required: {reason}", remedy(system))
        for system, reason in sorted(off.items())
    ]
    for system in MODEL_SYSTEMS:
        check, champion, sha256 = f"serving:{system}", champions.get(system), in_memory.get(system)
        if system in beat.get("unverified", ()):
            evidence = f"serves sha256 {str(sha256)[:12]}, a bare file without a manifest: unverified"
            findings.append(warning(check, evidence, remedy(system)))
        elif sha256 is None and system not in off and champion is not None:
            evidence = f"off, although {champion['model_id']} is the champion"
            findings.append(warning(check, evidence, remedies.serve(champion)))
    return findings or [_summary(in_memory, game_date)]


def _summary(in_memory: Mapping[str, str], game_date: date) -> Finding:
    off = [s for s in MODEL_SYSTEMS if s not in in_memory]
    if not in_memory:
        evidence = "no trained model serves: only formulas predict"
        return warning("serving", evidence, remedies.train("catboost_v9", game_date))
    if off:
        return info("serving", f"off, no model path is configured for: {', '.join(off)}")
    return ok("serving", f"{len(in_memory)} trained models serve")


def _find_remedy(
    system: str,
    champions: Mapping[str, Mapping[str, Any]],
    registered: Sequence[Mapping[str, Any]],
    game_date: date,
) -> str:
    """Return the command to serve the champion, else the most recently trained model, else to train one."""
    usable_models = [m for m in registered if m["system_id"] == system and m["state"] != State.BLOCKED]
    latest = max(usable_models, key=lambda m: m["training_end_date"], default=None)
    best = champions.get(system, latest)
    return remedies.train(system, game_date) if best is None else remedies.serve(best)


def is_running(beat: Mapping[str, Any]) -> bool:
    """Return whether the process runs: the models of a stopped process do not serve."""
    age = datetime.now(UTC) - datetime.fromisoformat(beat["last_heartbeat"])
    return beat["status"] == RUNNING and age <= DEAD
