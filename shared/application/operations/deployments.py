"""The record of deployments: what was deployed, when, by which account, and the outcome."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from shared.application.models.registry import Registry
from shared.domain.instants import EASTERN
from shared.errors import Rejected
from shared.ports import Warehouse
from shared.schemas.deployments import DEPLOYMENTS
from shared.warehouse.statements import query_rows

ACTIONS = ("deploy", "rollback")
OUTCOMES = ("succeeded", "refused", "rolled_back", "rollback_failed")


@dataclass(frozen=True)
class Deployment:
    """One attempt to deploy or roll back; ``model_generation``: of the object in Cloud Storage."""

    deployment_id: str
    service: str
    action: str
    outcome: str
    commit: str
    deployed_by: str
    reason: str | None = None
    revision: str | None = None
    previous_revision: str | None = None
    image_digest: str | None = None
    model_path: str | None = None
    model_generation: int | None = None
    model_sha256: str | None = None
    override_reason: str | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (("action", self.action, ACTIONS), ("outcome", self.outcome, OUTCOMES)):
            if value not in allowed:
                raise Rejected(f"{name} {value!r}, expected one of {', '.join(allowed)}")


class Deployments:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def record(self, deployment: Deployment, now: datetime) -> dict[str, Any]:
        """Store a deployment with the training of its model and return the row.

        An existing row with the same ``deployment_id`` is returned unchanged.
        """
        for row in self.newest(deployment.service):
            if row["deployment_id"] == deployment.deployment_id:
                return row
        row = asdict(deployment) | self._read_training(deployment.model_sha256)
        row |= {"deployed_at": now, "deployed_at_eastern": now.astimezone(EASTERN).isoformat("T", "seconds")}
        self._warehouse.append(DEPLOYMENTS, DEPLOYMENTS.from_rows([row]))
        return row

    def newest(self, service: str | None = None) -> list[dict[str, Any]]:
        """Return the deployments of one service or of all, newest first, from the last 500 in total."""
        rows = query_rows(self._warehouse, "deployments")
        return [row for row in rows if service in (None, row["service"])]

    def _read_training(self, sha256: str | None) -> dict[str, Any]:
        models_by_sha256 = {m["sha256"]: m for m in Registry(self._warehouse).models()} if sha256 else {}
        model = models_by_sha256.get(sha256 or "", {})
        return {"model_id": model.get("model_id"), "experiment_id": model.get("experiment_id")}
