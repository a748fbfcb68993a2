"""Worlds to test in: the sample league loaded once, copied for each test that writes."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from shared.application.features.build import BuildFeatures
from shared.application.ingestion.load import LoadFolder
from shared.application.training.train import TrainModels, demo_windows
from shared.embedded import sample_league
from shared.embedded.clock import FixedClock
from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.model_registry.bundle import Bundle, read_bundle
from shared.model_registry.loading import LoadedModel, load_model
from shared.observability.logging import configure_logging
from shared.ports import OutgoingMessage

pytest_plugins = [
    "tests.emulators.fixtures",
    "tests.contracts.fixtures",
    "tests.infra.measured",
    "tests.graded",
]

Logged = Callable[[], list[dict[str, Any]]]
CLOCK = FixedClock(sample_league.DEMO_NOW)
DAY = sample_league.DEMO_DATE


NOT_UNIT = {"emulators", "realdata", "slow", "infra", "browser", "bench", "faults"}
"""Markers of tests that need more than this process."""

WORLDS = {"league_folder", "results_folder", "loaded", "google", "graded_folder", "world"}
"""Fixtures that make a warehouse of a league, or a whole service, and take a second or more."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark unit tests, and run slow ones first: two processes then end at nearly the same moment."""
    for item in items:
        markers = {m.name for m in item.iter_markers()}
        if not (NOT_UNIT & markers or WORLDS & set(getattr(item, "fixturenames", ()))):
            item.add_marker("unit")
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


class Outbox:
    """A publisher that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: dict[str, list[bytes]] = {}
        self.sent: dict[str, list[OutgoingMessage]] = {}

    def publish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        self.messages.setdefault(topic, []).extend(m.body for m in messages)
        self.sent.setdefault(topic, []).extend(messages)


@pytest.fixture(scope="session")
def league_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seasons, as known on the morning of the demo's date."""
    folder = tmp_path_factory.mktemp("league")
    league = sample_league.generate(seasons=2)
    sample_league.write_parquet(sample_league.league_before(league, DAY), folder)
    return folder


@pytest.fixture(scope="session")
def results_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    sample_league.write_parquet(sample_league.results_of(sample_league.generate(seasons=2), DAY), folder)
    return folder


@pytest.fixture(scope="session")
def loaded(
    league_folder: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """A warehouse file with the league and features of the demo's date; read it only."""

    def make(folder: Path) -> None:
        warehouse = DuckDbWarehouse(folder / "warehouse.duckdb")
        LoadFolder(warehouse, CLOCK)(league_folder)
        BuildFeatures(warehouse, CLOCK, SqliteDocuments(folder / "documents.sqlite"))(DAY, DAY)

    return made_once("world", make, tmp_path_factory, request) / "warehouse.duckdb"


@pytest.fixture
def warehouse(loaded: Path, tmp_path: Path) -> DuckDbWarehouse:
    """A copy of the loaded world to write to."""
    return DuckDbWarehouse(Path(shutil.copy(loaded, tmp_path / "warehouse.duckdb")))


@pytest.fixture(scope="session")
def model_paths(
    loaded: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> dict[str, Path]:
    def make(folder: Path) -> None:
        scratch = tmp_path_factory.mktemp("training")
        warehouse = DuckDbWarehouse(Path(shutil.copy(loaded, scratch / "warehouse.duckdb")))
        windows = [w for w in demo_windows(DAY) if w.system_id != "catboost_v8"]
        bundles = TrainModels(warehouse, DirectoryModelStore(), str(folder))(windows, CLOCK.now())
        names = {system: Path(bundle.path).name for system, bundle in bundles.items()}
        (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")

    folder = made_once("models", make, tmp_path_factory, request)
    names: dict[str, str] = json.loads((folder / "names.json").read_text(encoding="utf-8"))
    return {system: folder / name for system, name in names.items()}


def made_once(
    name: str,
    make: Callable[[Path], None],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Path:
    """A copy of a folder that ``make`` fills once for the code and the packages as they are, in however many
    processes and however often tests run. What ``make`` writes may name paths in its folder, which stays."""
    assert request.config.cache is not None
    kept = request.config.cache.mkdir(f"{name}-{code_and_packages()}")
    with FileLock(kept / "lock"):
        if not (kept / "finished").exists():
            for older in {*kept.parent.glob(f"{name}-*"), kept / "made"} - {kept}:
                shutil.rmtree(older, ignore_errors=True)
            (kept / "made").mkdir()
            make(kept / "made")
            (kept / "finished").touch()
    return Path(shutil.copytree(kept / "made", tmp_path_factory.mktemp(name) / "made", symlinks=True))


def code_and_packages() -> str:
    """A hash of all that loading, features, training and the fixtures run through."""
    root = Path(__file__).parents[1]
    code = [p for p in (root / "shared").rglob("*") if p.suffix in (".py", ".sql")]
    fixtures = [*Path(__file__).parent.glob("*.py"), *(root / "tests" / "application").glob("worlds.py")]
    digest = hashlib.sha256()
    for path in (*sorted(code), *sorted(fixtures), root / "requirements.lock"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.fixture(scope="session")
def bundles(model_paths: dict[str, Path]) -> list[Bundle]:
    return [read_bundle(DirectoryModelStore(), str(path)) for path in model_paths.values()]


@pytest.fixture(scope="session")
def models(model_paths: dict[str, Path]) -> dict[str, LoadedModel]:
    return {s: load_model(DirectoryModelStore(), s, str(p)) for s, p in model_paths.items()}


@pytest.fixture
def documents(tmp_path: Path) -> SqliteDocuments:
    return SqliteDocuments(tmp_path / "documents.sqlite")


@pytest.fixture
def logged() -> Iterator[Logged]:
    """What this process logs, as it would stand on standard output of a service."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    out = io.StringIO()
    configure_logging("test", "abc123", "a-project", out)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("PROPS_REAL_DATA")
    if not folder:
        pytest.skip("PROPS_REAL_DATA is not set")
    return Path(folder)
