"""The record of releases: what was put into use when, by whom, and what became of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from shared.application.models.registry import Registry
from shared.domain.instants import EASTERN
from shared.errors import Rejected
from shared.ports import Warehouse
from shared.schemas.deployments import DEPLOYMENTS
from shared.warehouse.statements import statement

ACTIONS = ("deploy", "rollback")
OUTCOMES = ("succeeded", "refused", "rolled_back", "rollback_failed")


@dataclass(frozen=True)
class Deployment:
    """One attempt to change what serves; ``model_generation`` is that of the object in Cloud Storage."""

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
        for name, value, wanted in (
            ("action", self.action, ACTIONS),
            ("outcome", self.outcome, OUTCOMES),
        ):
            if value not in wanted:
                raise Rejected(f"{name} {value!r}, wanted one of {', '.join(wanted)}")


class Deployments:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def record(self, done: Deployment, now: datetime) -> dict[str, Any]:
        """Keep how a deployment ended, with the training behind its model; give the row.

        A row of the same ``deployment_id`` stays as it is: a record that is repeated is the first one.
        """
        for row in self.newest(done.service):
            if row["deployment_id"] == done.deployment_id:
                return row
        row = asdict(done) | self._trained(done.model_sha256)
        row |= {"deployed_at": now, "deployed_at_eastern": now.astimezone(EASTERN).isoformat("T", "seconds")}
        self._warehouse.append(DEPLOYMENTS, pa.Table.from_pylist([row], schema=DEPLOYMENTS.arrow_schema))
        return row

    def newest(self, service: str | None = None) -> list[dict[str, Any]]:
        """The newest first, of one service or of all, out of the last 500."""
        rows = self._warehouse.query(statement("deployments")).to_pylist()
        return [row for row in rows if service in (None, row["service"])]

    def _trained(self, sha256: str | None) -> dict[str, Any]:
        known = {m["sha256"]: m for m in Registry(self._warehouse).models()} if sha256 else {}
        found = known.get(sha256 or "", {})
        return {"model_id": found.get("model_id"), "experiment_id": found.get("experiment_id")}
