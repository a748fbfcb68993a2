"""The models that are known, and which of them may be used for a game date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from shared.model_registry.bundle import manifest_path, parse_manifest
from shared.ports import Warehouse
from shared.schemas.predictions import MODEL_REGISTRY
from shared.warehouse.statements import statement

CHAMPION = "champion"
OUT_OF_USE = ("retired", "blocked")


class Registry:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def add(self, paths: Sequence[Path]) -> None:
        """Register bundles as candidates; one that is known keeps its state."""
        known = {m["model_id"] for m in self.models()}
        rows = [_row(path) for path in paths]
        new = [row for row in rows if row["model_id"] not in known]
        if new:
            self._warehouse.upsert(
                MODEL_REGISTRY, pa.Table.from_pylist(new, schema=MODEL_REGISTRY.arrow_schema)
            )

    def models(self) -> list[dict[str, Any]]:
        """All models, those trained to the latest date first."""
        return list(self._warehouse.query(statement("registered_models")).to_pylist())

    def newest_before(self, game_date: date) -> dict[str, Mapping[str, Any]]:
        """By system, the newest model in use whose training ended before the game date."""
        newest: dict[str, Mapping[str, Any]] = {}
        for model in self.models():
            if model["training_end_date"] < game_date and model["state"] not in OUT_OF_USE:
                newest.setdefault(model["system_id"], model)
        return newest

    def champion(self, system_id: str) -> Mapping[str, Any] | None:
        return next(
            (m for m in self.models() if m["system_id"] == system_id and m["state"] == CHAMPION), None
        )


def _row(path: Path) -> dict[str, Any]:
    beside = manifest_path(path)
    manifest = parse_manifest(beside.read_bytes(), str(beside))
    return {
        "model_id": manifest.name,
        "system_id": manifest.system_id,
        "path": str(path.resolve()),
        "sha256": manifest.sha256,
        "state": "candidate",
        "training_start_date": manifest.train_start,
        "training_end_date": manifest.train_end,
        "training_samples": manifest.train_rows,
        "evaluation_mae": manifest.metrics.mae,
        "created_at": datetime.now(UTC),
    }
