"""Whether an installation can do its work: program, store, models, inputs, services."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version

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
from shared.warehouse.statements import statement

MOST_HEARTBEATS = 100
PACKAGES = ("catboost", "numpy", "pyarrow", "fastapi")


@dataclass(frozen=True)
class Doctor:
    """``paths``: configured model by system; ``sha256``: the hash that a system's model must have."""

    warehouse: Warehouse
    documents: Documents
    models: ModelStore
    paths: Mapping[str, str]
    sha256: Mapping[str, str]
    today: date | None = None
    """The date that a training would be for; without it, that of the machine's clock."""

    def __call__(self) -> list[Finding]:
        """Every check; those that need the store are left out where it does not answer."""
        found = [_installed()]
        try:
            inputs = self._inputs()
        except Unavailable as exc:
            return [*found, critical("store", str(exc)), *self._loaded()[1]]
        loaded, told = self._loaded()
        return [
            *found,
            ok("store", "answers"),
            *inputs,
            *told,
            *self._champions(loaded),
            *heartbeat_findings(Heartbeats(self.documents)),
        ]

    def _inputs(self) -> list[Finding]:
        asked = statement("stored_inputs", first=FIRST_DATE, last=LAST_DATE)
        (row,) = self.warehouse.query(asked).to_pylist()
        found = []
        for name in ("games", "box_scores", "quotes", "feature_snapshots"):
            rows, last = row[name], row[f"last_{name}"]
            remedy = "props features build --dates D" if name == "feature_snapshots" else remedies.LOAD
            said = f"{rows} rows, the last of {last}"
            found.append(ok(f"inputs:{name}", said) if rows else warning(f"inputs:{name}", "none", remedy))
        return found

    def _loaded(self) -> tuple[dict[str, LoadedModel], list[Finding]]:
        """The configured models, each read, hashed and asked for its golden rows."""
        loaded: dict[str, LoadedModel] = {}
        found = []
        for system in MODEL_SYSTEMS:
            check = f"model:{system}"
            if system not in self.paths:
                found.append(info(check, f"off: {system.upper()}_MODEL_PATH is not set"))
                continue
            try:
                model = load_model(self.models, system, self.paths[system], self.sha256.get(system))
            except AppError as exc:
                found.append(critical(check, str(exc)))
                continue
            loaded[system] = model
            found.append(_described(check, model, self.today or eastern_date(datetime.now(UTC))))
        return loaded, found

    def _champions(self, loaded: Mapping[str, LoadedModel]) -> list[Finding]:
        champions = Registry(self.warehouse).champions()
        wrong = mismatches(loaded.values(), champions)
        if wrong:
            other = next(s for s, m in loaded.items() if mismatches([m], champions))
            return [critical("models:champion", "; ".join(wrong), remedies.serve(champions[other]))]
        return [ok("models:champion", "no configured model differs from the registry's champion")]


def heartbeat_findings(kept: Heartbeats) -> list[Finding]:
    """Services beat every minute in real time; one that stopped on purpose said so."""
    ages = kept.ages(datetime.now(UTC))
    if not ages:
        return [info("heartbeats", "no service has ever run here", "props serve")]
    found = []
    for name, (status, age) in ages.items():
        said = f"{status}, last beat {int(age.total_seconds())} s ago"
        if status == STOPPED:
            found.append(info(f"heartbeat:{name}", said, "props serve"))
        elif age > DEAD:
            found.append(critical(f"heartbeat:{name}", said, "props serve"))
        elif age > STALE:
            found.append(warning(f"heartbeat:{name}", said))
        else:
            found.append(ok(f"heartbeat:{name}", said))
    if len(ages) > MOST_HEARTBEATS:
        found.append(warning("heartbeats", f"{len(ages)} documents, one per service is meant"))
    return found


def _installed() -> Finding:
    try:
        told = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    except PackageNotFoundError as exc:
        return critical("installation", f"package {exc} is missing", "make setup")
    return ok("installation", f"Python {platform.python_version()}, {told}")


def _described(check: str, model: LoadedModel, today: date) -> Finding:
    if model.manifest is None:
        evidence = f"{model.path}: a bare file, sha256 {model.sha256[:12]}, unverified"
        return warning(check, evidence, remedies.train(model.system_id, today))
    m = model.manifest
    return ok(check, f"{m.name}, sha256 {m.sha256[:12]}, trained {m.train_start} to {m.train_end}, verified")
