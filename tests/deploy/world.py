"""A project on the stand-ins with a model registry and one day's features, a clone to deploy from, and the real
``gcloud`` led to the control plane."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.application.models.registry import Registry, State
from shared.application.operations.deployments import Deployments
from shared.backends import Backend, BackendSettings, connect, path_variable
from shared.embedded import sample_league
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.gcp.clients import Clients
from shared.model_registry.bundle import Bundle, manifest_path, read_bundle
from shared.ports import Statement
from shared.schemas.feature_store import FEATURE_SNAPSHOTS, ML_FEATURE_STORE
from tests.contracts.fixtures import create
from tests.deploy.cloud import Cloud
from tests.deploy.control_plane import ControlPlane
from tests.deploy.processes import ROOT
from tests.emulators import processes

WORKER, COORDINATOR = "prediction-worker", "prediction-coordinator"
COPIED = (
    "bin",
    "infra",
    "services",
    "requirements",
    "shared/__init__.py",
    "shared/schemas",
    "shared/web/app.py",
)
DAY = sample_league.DEMO_DATE


@dataclass(frozen=True)
class Ended:
    """How the script ended."""

    code: int
    out: str
    err: str


class World:
    """``models``: path of each uploaded bundle by system; ``other``: a V9 bundle that is not the champion."""

    def __init__(self, folder: Path, cloud: Cloud, plane: ControlPlane, backend: Backend) -> None:
        self.cloud, self.backend = cloud, backend
        self.models: dict[str, str] = {}
        self.other = ""
        self._folder, self.plane = folder, plane
        self.clone = folder / "clone"
        self._make_clone()

    def deploy(self, service: str, *options: str, **environment: str) -> Ended:
        """Run the script in the clone; five minutes at most."""
        done = self.start(service, *options, **environment)
        try:
            out, err = done.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            done.kill()
            raise
        return Ended(done.returncode, out, err)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        config = self._folder / f"gcloud-{secrets.token_hex(3)}"
        config.mkdir()
        (config / "token").write_text("a-token")
        return subprocess.Popen(
            ["./bin/deploy-service.sh", *arguments],
            cwd=self.clone, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"], "HOME": str(self._folder), "WATCH_SECONDS": "1",
                "DEPLOYED_BY": "operator@example.com", "CLOUDSDK_CONFIG": str(config),
                "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(config / "token"), **self.plane.environment(), **environment,
            },
        )  # fmt: skip

    def commit(self, path: str, text: str) -> str:
        """Change a file of the clone, commit, and build images of it; the commit."""
        (self.clone / path).write_text(text)
        self._git("add", "-A")
        self._git("commit", "-q", "-m", f"change {path}")
        return self._build()

    def records(self, service: str) -> list[dict[str, Any]]:
        return Deployments(self.backend.warehouse).newest(service)

    def image(self, service: str) -> str:
        digest = self.cloud.images[f"{service}:{self.head}"]
        return f"us-west2-docker.pkg.dev/{self.cloud.project}/props/{service}@{digest}"

    @property
    def head(self) -> str:
        return self._git("rev-parse", "HEAD").strip()

    def _make_clone(self) -> None:
        self.clone.mkdir()
        for name in COPIED:
            target = self.clone / name
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__", ".terraform*")
                )
            elif (ROOT / name).exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, target)
        (self.clone / ".gitignore").write_text("__pycache__/\n")
        self._git("init", "-q", "-b", "main")
        self._git("add", "-A")
        self._git("commit", "-q", "-m", "all there is")
        self._build()

    def _build(self) -> str:
        for service in (WORKER, COORDINATOR):
            self.cloud.images[f"{service}:{self.head}"] = f"sha256:{secrets.token_hex(32)}"
        return self.head

    def _git(self, *arguments: str) -> str:
        named = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        done = subprocess.run(
            ["git", *named, *arguments], cwd=self.clone, capture_output=True, text=True, check=True
        )
        return done.stdout


@contextmanager
def world(
    folder: Path, stand_ins: Mapping[str, str], storage: str, loaded: Path, bundles: list[Bundle]
) -> Iterator[World]:
    project = f"p{secrets.token_hex(4)}"
    led = {**stand_ins, "MODEL_CACHE": str(folder / "cache"), "PROPS_HOME": str(folder / "home")}
    given = {
        **led,
        "PROPS_BACKEND": "gcp",
        "GCP_PROJECT_ID": project,
        "MODEL_FOLDER": f"gs://{project}-props-models/models",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        backend = connect(BackendSettings())
        clients = Clients(project, "us-west2", stand_ins["BIGQUERY_STORAGE_GRPC_ADDRESS"])
        create(clients)
        for bucket in ("props-models", "props-locks"):
            clients.storage().create_bucket(f"{project}-{bucket}")
        _copy_features(loaded, backend)
        cloud = Cloud(project, folder, led)
        with ControlPlane(cloud, storage).running() as plane:
            there = World(folder, cloud, plane, backend)
            _register(there, bundles)
            try:
                yield there
            finally:
                cloud.close()
                backend.close()
                clients.close()


def _copy_features(loaded: Path, backend: Backend) -> None:
    """The features of one day, as the embedded backend built them."""
    built = DuckDbWarehouse(loaded)
    for table in (FEATURE_SNAPSHOTS, ML_FEATURE_STORE):
        sql = f"SELECT * FROM {table.full_name} WHERE game_date = @d"
        backend.warehouse.append(table, built.query(Statement(sql, {"d": DAY})))


def _register(there: World, bundles: list[Bundle]) -> None:
    """Upload and register the bundles; all but the last V9 become champions."""
    registry = Registry(there.backend.warehouse)
    for bundle in bundles:
        path = f"{there.backend.model_folder}/{Path(bundle.path).name}"
        there.backend.models.put(manifest_path(path), Path(manifest_path(bundle.path)).read_bytes())
        there.backend.models.put(path, Path(bundle.path).read_bytes())
        kept = read_bundle(there.backend.models, path)
        registry.add([kept], experiment_id=f"experiment-{kept.manifest.name}")
        if bundle.manifest.system_id in there.models:
            there.other = path
            continue
        registry.change_state(bundle.manifest.name, State.CHAMPION, "first")
        there.models[bundle.manifest.system_id] = path


def environment_of(models: Mapping[str, str]) -> dict[str, str]:
    return {path_variable(system): path for system, path in models.items()}


def stand_ins(
    bigquery: processes.BigQuery, storage: processes.Server, firestore: processes.Server
) -> dict[str, str]:
    return processes.environment(bigquery, storage, None, firestore)
