"""Checks of an installation: packages, store, models, inputs and services."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version

from shared import __version__
from shared.application.models.champion_check import mismatches
from shared.application.models.registry import Registry
from shared.application.operations import remedies
from shared.application.operations.heartbeats import DEAD, STALE, STOPPED, Heartbeats
from shared.domain.findings import Finding, critical, info, ok, warning
from shared.domain.instants import eastern_date
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.errors import AppError, Unavailable
from shared.model_registry.loading import LoadedModel, load_model
from shared.ports import Documents, ModelStore, Warehouse
from shared.warehouse.schedule import FIRST_DATE, LAST_DATE
from shared.warehouse.statements import query_rows

MAX_HEARTBEATS = 100
NO_MESSAGES = ok("messages", "none was rejected or dead-lettered, or all were replayed")
PACKAGES = ("catboost", "numpy", "pyarrow", "fastapi")


@dataclass(frozen=True)
class Doctor:
    """Runs all checks. ``paths``: model path by system. ``sha256``: expected hash by system."""

    warehouse: Warehouse
    documents: Documents
    models: ModelStore
    paths: Mapping[str, str]
    sha256: Mapping[str, str]
    today: date | None = None
    """The date for which a remedy would train a model; default: the machine's date."""

    def __call__(self) -> list[Finding]:
        """Return all findings; checks that need the store are skipped if it is unavailable."""
        findings = [_check_packages()]
        try:
            inputs = self._check_inputs()
        except Unavailable as exc:
            return [*findings, critical("store", str(exc)), *self._load_models()[1]]
        loaded, model_findings = self._load_models()
        return [
            *findings,
            ok("store", "answers"),
            *inputs,
            *model_findings,
            *self._check_champions(loaded),
            *heartbeat_findings(Heartbeats(self.documents)),
        ]

    def _check_inputs(self) -> list[Finding]:
        (row,) = query_rows(self.warehouse, "stored_inputs", first=FIRST_DATE, last=LAST_DATE)
        findings = []
        for name in ("games", "box_scores", "quotes", "feature_snapshots"):
            rows, last = row[name], row[f"last_{name}"]
            remedy = "props features build --dates D" if name == "feature_snapshots" else remedies.LOAD
            check, evidence = f"inputs:{name}", f"{rows:,} rows, the last of {last}"
            findings.append(ok(check, evidence) if rows else warning(check, "none", remedy))
        return findings

    def _load_models(self) -> tuple[dict[str, LoadedModel], list[Finding]]:
        """Load the configured models; loading verifies the hash and the golden rows."""
        loaded: dict[str, LoadedModel] = {}
        findings = []
        for system in MODEL_SYSTEMS:
            check = f"model:{system}"
            if system not in self.paths:
                off = f"off in the services: {system.upper()}_MODEL_PATH is not set"
                findings.append(info(check, f"{off}; props predict takes a registered model or trains one"))
                continue
            try:
                model = load_model(self.models, system, self.paths[system], self.sha256.get(system))
            except AppError as exc:
                findings.append(critical(check, str(exc)))
                continue
            loaded[system] = model
            findings.append(_model_finding(check, model, self.today or eastern_date(datetime.now(UTC))))
        return loaded, findings

    def _check_champions(self, loaded: Mapping[str, LoadedModel]) -> list[Finding]:
        champions = Registry(self.warehouse).champions()
        differences = mismatches(loaded.values(), champions)
        if differences:
            other = next(s for s, m in loaded.items() if mismatches([m], champions))
            return [critical("models:champion", "; ".join(differences), remedies.serve(champions[other]))]
        return [ok("models:champion", "no configured model differs from the registry's champion")]


def heartbeat_findings(store: Heartbeats) -> list[Finding]:
    """Return a finding per service. A service beats every minute (real time) until it records a stop."""
    ages = store.ages(datetime.now(UTC))
    if not ages:
        return [info("heartbeats", "no service has run yet", "props serve")]
    findings = []
    for name, (status, age) in ages.items():
        evidence = f"{status}, last beat {int(age.total_seconds())} s ago"
        if status == STOPPED:
            findings.append(info(f"heartbeat:{name}", evidence, "props serve"))
        elif age > DEAD:
            findings.append(critical(f"heartbeat:{name}", evidence, "props serve"))
        elif age > STALE:
            findings.append(warning(f"heartbeat:{name}", evidence))
        else:
            findings.append(ok(f"heartbeat:{name}", evidence))
    if len(ages) > MAX_HEARTBEATS:
        findings.append(warning("heartbeats", f"{len(ages)} documents, expected one per service"))
    return findings


def message_findings(dead: str | None, rejected: str | None) -> list[Finding]:
    """Return findings on messages that were not handled; the arguments: evidence, None without such ones."""
    findings = []
    if dead:
        findings.append(critical("messages:dead", dead, "props deadletters replay --all"))
    if rejected:
        findings.append(warning("messages:rejected", rejected, "props deadletters list"))
    return findings


def _check_packages() -> Finding:
    try:
        packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    except PackageNotFoundError as exc:
        return critical("installation", f"package {exc} is missing", "make setup")
    return ok("installation", f"props {__version__}, Python {platform.python_version()}, {packages}")


def _model_finding(check: str, model: LoadedModel, today: date) -> Finding:
    if model.manifest is None:
        evidence = f"{model.path}: a bare file, sha256 {model.sha256[:12]}, unverified"
        return warning(check, evidence, remedies.train(model.system_id, today))
    m = model.manifest
    return ok(check, f"{m.name}, sha256 {m.sha256[:12]}, trained {m.train_start} to {m.train_end}, verified")
