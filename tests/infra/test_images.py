"""The three images: built, looked into, started as a platform starts them, and told to end."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from infra.requirements import PROGRAMS
from shared.application.training.train import TrainModels, demo_windows
from shared.domain.features.contract import FEATURES
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.model_registry.loading import LoadedModel, load_model
from shared.ports import Statement
from tests.conftest import CLOCK, DAY
from tests.emulators.processes import free_ports
from tests.infra import images
from tests.infra.image_checks import USER, Entry, faults
from tests.infra.images import Image, Process
from tests.infra.measured import Tell
from tests.infra.tools import require
from tests.services.issuer import AUDIENCE, CALLER, Key, bearer
from tests.services.local_server import LocalServer

pytestmark = pytest.mark.infra

READY_WITHIN, GONE_WITHIN = 60.0, 8.0
"""Seconds. Cloud Run kills ten seconds after SIGTERM."""

Listed = tuple[dict[str, Any], list[Entry], dict[str, str]]


@pytest.fixture(scope="module")
def built() -> Iterator[Mapping[str, Image]]:
    require("mmdebstrap", "buildah", "skopeo")
    images.clear()
    images.base()
    images.wheels()
    with ThreadPoolExecutor(2) as builders:
        waiting = {program: builders.submit(images.build, program) for program in PROGRAMS}
    try:
        yield {program: one.result() for program, one in waiting.items()}
    finally:
        for one in waiting.values():
            if one.exception() is None:
                one.result().remove()


@pytest.fixture(scope="module")
def listed(built: Mapping[str, Image]) -> Callable[[str], Listed]:
    found = {name: (i.config, i.entries(), images.pins(name)) for name, i in built.items()}
    return found.__getitem__


@pytest.fixture(scope="module")
def model(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """A V9 bundle of the sample league, alone in a folder that anybody may read."""
    folder = tmp_path_factory.mktemp("bundle")
    warehouse = DuckDbWarehouse(loaded)
    windows = [w for w in demo_windows(DAY) if w.system_id == "catboost_v9"]
    (bundle,) = TrainModels(warehouse, DirectoryModelStore(), str(folder))(windows, CLOCK.now()).values()
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    return load_model(DirectoryModelStore(), "catboost_v9", bundle.path)


@pytest.fixture(scope="module")
def issuer() -> Key:
    return Key("k1")


@pytest.fixture
def oidc(issuer: Key) -> Iterator[dict[str, str]]:
    """Whoever calls is asked, as on Cloud Run, by what can be asked here: on this machine alone."""
    with LocalServer(json.dumps({issuer.kid: issuer.certificate}).encode()).running() as certificates:
        certificates.headers = {"Cache-Control": "public, max-age=600"}
        yield {
            "AUTH": "oidc", "AUTH_AUDIENCES": AUDIENCE, "AUTH_EMAILS": CALLER,
            "AUTH_CERTS_URL": certificates.url, "BIND_HOST": "127.0.0.1", "PORT": str(free_ports(1)[0]),
        }  # fmt: skip


@pytest.fixture
def client(oidc: dict[str, str]) -> Iterator[httpx.Client]:
    """Calls the service that is started with ``oidc``, without a token."""
    with httpx.Client(base_url=f"http://127.0.0.1:{oidc['PORT']}", timeout=20.0) as found:
        yield found


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_image_holds_what_it_needs_and_no_more(
    built: Mapping[str, Image], listed: Callable[[str], Listed], program: str, measured: Tell
) -> None:
    config, entries, pins = listed(program)
    assert len(entries) > 5000
    assert faults(config, entries, pins) == []
    label = "org.opencontainers.image."
    assert config["config"]["Labels"][f"{label}title"] == program
    assert config["config"]["Labels"][f"{label}revision"] == images.LABELLED["REVISION"]
    size = sum(e.size for e in entries if stat.S_ISREG(e.mode)) / 1e6
    measured(f"{program}: built in {built[program].seconds:.0f} s, {size:,.0f} MB unpacked")


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        ("prediction-coordinator", {"catboost", "pandas", "matplotlib", "typer", "rich", "aiohttp"}),
        ("prediction-worker", {"matplotlib", "plotly", "typer", "rich", "aiohttp", "jinja2", "pytest"}),
        ("props", {"plotly", "pytest", "hypothesis", "mypy"}),
    ],
)
def test_an_image_is_without_what_others_need(
    listed: Callable[[str], Listed], program: str, absent: set[str]
) -> None:
    _, entries, _ = listed(program)
    assert {e.name for e in entries if e.folder == "/site"} & absent == set()
    others = {"/app/backfill_jobs"} if program != "props" else {"/app/services"}
    assert {e.path for e in entries} & {*others, "/app/infra", "/app/docs"} == set()


def configured(found: Listed, **changes: Any) -> Listed:
    config, entries, pins = found
    return {**config, "config": {**config["config"], **changes}}, entries, pins


def holding(found: Listed, path: str, mode: int, uid: int = 0) -> Listed:
    config, entries, pins = found
    return config, [*entries, Entry(path, mode, uid, 0, 1)], pins


MUTANTS: dict[str, tuple[Callable[[Listed], Listed], str]] = {
    "root": (lambda i: configured(i, User=""), "runs as 'root', expected 10001:10001"),
    "shell": (
        lambda i: configured(i, Entrypoint=["/bin/sh", "-c", "python3"]),
        "starts ['/bin/sh', '-c', 'python3']",
    ),
    "labels": (lambda i: configured(i, Labels={}), "label revision says nothing"),
    "setuid": (lambda i: holding(i, "/usr/bin/su", 0o104755), "/usr/bin/su is setuid or setgid"),
    "setgid": (lambda i: holding(i, "/usr/bin/wall", 0o102755), "/usr/bin/wall is setuid or setgid"),
    "compiler": (lambda i: holding(i, "/usr/bin/x86_64-linux-gnu-gcc-12", 0o100755), "gcc-12 is a compiler"),
    "linked": (lambda i: holding(i, "/usr/bin/cc", 0o120777), "/usr/bin/cc is a compiler"),
    "repository": (lambda i: holding(i, "/app/.git", 0o040755), "/app/.git is the repository"),
    "tests": (lambda i: holding(i, "/site/numpy/tests", 0o040755), "/site/numpy/tests are tests"),
    "open": (lambda i: holding(i, "/app/open", 0o040777), "/app/open can be written by user 10001"),
    "owned": (lambda i: holding(i, "/app/mine", 0o100644, USER), "/app/mine can be written by user 10001"),
    "package": (
        lambda i: holding(i, "/site/typer-0.29.2.dist-info", 0o040755),
        "typer is 0.29.2 in the image, None",
    ),
    "version": (lambda i: (i[0], i[1], i[2] | {"numpy": "1.0"}), "1.0 in its lock"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_what_an_image_may_not_be_or_hold_is_noticed(listed: Callable[[str], Listed], mutant: str) -> None:
    change, words = MUTANTS[mutant]
    assert words in "\n".join(faults(*change(listed("prediction-worker"))))


def test_the_worker_predicts_what_its_model_says_and_is_gone_in_time(
    built: Mapping[str, Image], model: LoadedModel, loaded: Path, oidc: dict[str, str],
    issuer: Key, client: httpx.Client, tmp_path: Path, measured: Tell,
) -> None:  # fmt: skip
    path = Path(model.path)
    environment = {**oidc, "CATBOOST_V9_MODEL_PATH": f"/models/{path.name}", "MODEL_SHA256": model.sha256}
    with images.started(
        built["prediction-worker"], tmp_path / "log", environment, {path.parent: "/models"}
    ) as process:
        until_ready("prediction-worker", process, client, measured)
        rows = stored_rows(loaded)
        asked = {"rows": [{"features": row, "line": 20.5} for row in rows], "systems": ["catboost_v9"]}
        assert client.post("/predict/batch", json=asked).status_code == 401
        client.headers.update(bearer(issuer.mint()))
        (serving,) = client.get("/models").json()["models"]
        assert (serving["sha256"], serving["verified"]) == (model.sha256, True)
        answer = client.post("/predict/batch", json=asked)
        assert answer.status_code == 200, answer.text
        told = [one["catboost_v9"]["raw_prediction"] for one in answer.json()["predictions"]]
        matrix = np.array([[np.nan if row[n] is None else row[n] for n in FEATURES] for row in rows])
        assert told == model.model.predict(matrix).tolist()
        gone("prediction-worker", process, measured)


def test_the_coordinator_is_ready_and_gone_in_time(
    built: Mapping[str, Image], oidc: dict[str, str], issuer: Key, client: httpx.Client,
    tmp_path: Path, measured: Tell,
) -> None:  # fmt: skip
    with images.started(built["prediction-coordinator"], tmp_path / "log", oidc) as process:
        until_ready("prediction-coordinator", process, client, measured)
        assert client.get("/runs").status_code == 401
        client.headers.update(bearer(issuer.mint()))
        assert client.get("/runs").json()["runs"] == []
        gone("prediction-coordinator", process, measured)


def test_the_job_says_what_it_can_do_and_how_the_installation_is(built: Mapping[str, Image]) -> None:
    said = built["props"].run("--help")
    assert said.returncode == 0, said.stderr
    assert {"predict", "grade", "validate-daily"} <= set(said.stdout.split())
    told = built["props"].run("doctor", "--json")
    assert told.returncode in (0, 1), told.stderr
    checks = {f["check"]: f["severity"] for f in json.loads(told.stdout)["findings"]}
    assert (checks["installation"], checks["store"]) == ("OK", "OK")
    assert built["props"].run("grade", "--dates", "YESTERDAY").returncode == 64


def test_the_parts_list_of_an_image_names_what_its_lock_names(built: Mapping[str, Image]) -> None:
    listed, pins = images.parts(built["prediction-worker"]), images.pins("prediction-worker")
    assert ("catboost", pins["catboost"]) in listed
    assert pins.items() - listed == set()
    assert {"libc6", "python3.11"} <= {name for name, _ in listed}


def until_ready(program: str, process: Process, client: httpx.Client, measured: Tell) -> None:
    """Wait for a service; it runs as the user that the image names, and says which commit it is of."""
    while not is_ready(client):
        assert process.outer.poll() is None, process.log.read_text(encoding="utf-8")
        assert time.monotonic() - process.begun < READY_WITHIN, process.log.read_text(encoding="utf-8")
        time.sleep(0.02)
    measured(f"{program}: ready {time.monotonic() - process.begun:.1f} s after its start")
    assert process.uid == USER
    assert client.get("/health").json()["commit"] == images.LABELLED["REVISION"]


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/ready").status_code == 200
    except httpx.TransportError:
        return False


def gone(program: str, process: Process, measured: Tell) -> None:
    seconds, code = process.terminate(GONE_WITHIN)
    said = process.log.read_text(encoding="utf-8")
    assert code == 0, said
    assert json.loads(said.splitlines()[-1])["event"] == "process_stopped"
    measured(f"{program}: gone {seconds:.1f} s after SIGTERM")


def stored_rows(loaded: Path) -> list[dict[str, float | None]]:
    """Features by name of the players of the demo's date."""
    asked = Statement("SELECT * FROM nba_predictions.ml_feature_store_v2 WHERE game_date = @d", {"d": DAY})
    found = DuckDbWarehouse(loaded).query(asked).to_pylist()
    return [{name: row[f"feature_{i}_value"] for i, name in enumerate(FEATURES)} for row in found]
