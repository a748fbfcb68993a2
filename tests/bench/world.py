"""The game date that all benches serve: models and jobs of the sample league, made once and kept in ``.bench/``."""

from __future__ import annotations

import json
import shutil
from functools import cache
from itertools import cycle, islice
from pathlib import Path

from filelock import FileLock

from shared.application.features.build import BuildFeatures
from shared.application.ingestion.load import LoadFolder
from shared.application.training.train import TrainModels, demo_windows
from shared.embedded import sample_league
from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.model_registry.loading import LoadedModel, load_model
from shared.schemas.messages import PredictionRequest, decode, encode, wrap
from tests.application.jobs import InProcess
from tests.conftest import CLOCK, DAY

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".bench"
WORLD = HOME / "world"

SYSTEMS = (
    "moving_average", "zone_matchup_v1", "similarity_balanced_v1", "catboost_v8", "catboost_v9",
    "catboost_v9_2026_02", "ensemble_v1", "ensemble_v1_1",
)  # fmt: skip
"""The eight that were served before this product; ours is left out, since the other side has no such thing."""

PLAYERS = 148
"""Of a busy game date."""


@cache
def model_paths() -> dict[str, str]:
    """Path of the ``.cbm`` by system; trains on the first call."""
    HOME.mkdir(exist_ok=True)
    with FileLock(HOME / "world.lock"):
        if not (WORLD / "models.json").exists():
            shutil.rmtree(WORLD, ignore_errors=True)
            _make()
    return dict(json.loads((WORLD / "models.json").read_text()))


@cache
def models() -> dict[str, LoadedModel]:
    return {s: load_model(DirectoryModelStore(), s, path) for s, path in model_paths().items()}


@cache
def jobs() -> tuple[PredictionRequest, ...]:
    """``PLAYERS`` jobs; the league's own players come again where they are fewer."""
    model_paths()
    lines = (WORLD / "jobs.jsonl").read_bytes().splitlines()
    return tuple(decode(line, PredictionRequest) for line in islice(cycle(lines), PLAYERS))


@cache
def pushes() -> tuple[bytes, ...]:
    """The bodies in which a broker brings ``jobs``."""
    return tuple(
        wrap(encode(job), str(i), {"run_id": job.run_id, "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
        for i, job in enumerate(jobs())
    )


def _make() -> None:
    folder = HOME / "world.new"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    league = sample_league.generate(seasons=2)
    sample_league.write_parquet(sample_league.league_before(league, DAY), folder / "before")
    warehouse = DuckDbWarehouse(folder / "warehouse.duckdb")
    LoadFolder(warehouse, CLOCK)(folder / "before")
    BuildFeatures(warehouse, CLOCK, SqliteDocuments(folder / "documents.sqlite"))(DAY, DAY)
    windows = [w for w in demo_windows(DAY) if w.system_id in SYSTEMS]
    bundles = TrainModels(warehouse, DirectoryModelStore(), str(folder))(windows, CLOCK.now())
    run = InProcess(warehouse, folder)
    run.start(systems=list(SYSTEMS))
    (folder / "jobs.jsonl").write_bytes(b"\n".join(encode(job) for job in run.take_jobs()))
    paths = {s: str(WORLD / Path(b.path).name) for s, b in bundles.items()}
    (folder / "models.json").write_text(json.dumps(paths))
    folder.rename(WORLD)
