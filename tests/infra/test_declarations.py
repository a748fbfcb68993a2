"""What is declared twice is declared alike: infrastructure and product, build and images, alerts and runbooks."""

from __future__ import annotations

import json
import re
import shutil
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml
from packaging.utils import canonicalize_name
from pydantic_settings import BaseSettings

from infra import generate, requirements
from services.prediction_coordinator.settings import CoordinatorSettings
from services.prediction_worker.settings import WorkerSettings
from shared.application.messaging.topics import TOPICS
from shared.application.operations import alerts
from shared.backends import BackendSettings, ModelSettings
from shared.gcp import firestore_documents, firestore_runs
from tests.infra import mutants
from tests.infra.install import ROOT
from tests.infra.mutants import Mutant

INFRA = ROOT / "infra"
TERRAFORM = {path.name: path.read_text(encoding="utf-8") for path in INFRA.glob("*.tf")}
BUILD: dict[str, Any] = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text(encoding="utf-8"))
MUTANTS = mutants.load("declarations")

PROGRAMS: dict[str, type[BaseSettings]] = {
    "prediction-coordinator": CoordinatorSettings,
    "prediction-worker": WorkerSettings,
    "props": ModelSettings,
}


def environment(program: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (INFRA / "environment" / f"{program}.json").read_text(encoding="utf-8")
    )
    return found


def variables(settings: type[BaseSettings]) -> set[str]:
    return {name.upper() for name in settings.model_fields}


@pytest.mark.parametrize("made", [generate, requirements], ids=["tables", "requirements"])
def test_what_is_generated_is_fresh(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert made.stale() == []
    assert (made.main(["--check"]), capsys.readouterr().out) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_what_is_edited_by_hand_is_noticed(
    mutant: Mutant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: Any = requirements if mutant.says.endswith(".lock") else generate
    shutil.copytree(made.FOLDER, tmp_path / Path(mutant.file).parent)
    mutant.apply(tmp_path)
    monkeypatch.setattr(made, "FOLDER", tmp_path / Path(mutant.file).parent)
    assert made.main(["--check"]) == 1
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [mutant.says]
    made.main([])
    assert made.stale() == []


def test_a_table_that_is_gone_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "FOLDER", Path(shutil.copytree(generate.FOLDER, tmp_path / "schemas")))
    (tmp_path / "schemas" / "nba_predictions.gone.json").write_text("[]", encoding="utf-8")
    assert generate.stale() == ["nba_predictions.gone.json"]


def local_keys(file: str, name: str) -> list[str]:
    """Keys of a map among a Terraform file's locals."""
    (body,) = re.findall(rf"^  {name} = \{{$(.*?)^  \}}$", TERRAFORM[file], re.MULTILINE | re.DOTALL)
    return re.findall(r"^    ([\w-]+) += \{", body, re.MULTILINE)


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    alerts = local_keys("alerts.tf", "alerts") + local_keys("slo.tf", "promises")
    assert len(alerts) >= 7
    assert sorted(alerts) == sorted(p.stem for p in (ROOT / "docs" / "runbooks").glob("*.md"))


def test_no_alert_is_made_but_of_those() -> None:
    whole = "\n".join(TERRAFORM.values())
    policies = re.findall(
        r'^resource "google_monitoring_alert_policy" "(\w+)" \{$(.*?)^\}$', whole, re.MULTILINE | re.DOTALL
    )
    named = {name: re.findall(r"\$\{var\.runbooks\}/\$\{([\w.]+)\}\.md", body) for name, body in policies}
    assert named == {"symptom": ["each.key"], "burn": ["each.value.promise"]}


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_variable_is_a_setting_of_its_program(program: str) -> None:
    declared = environment(program)
    named = [*declared["values"], *declared["from_release"]]
    assert set(named) - variables(PROGRAMS[program]) == set()
    assert len(named) == len(set(named))


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_starts_with_what_is_declared(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(program)["values"].items():
        monkeypatch.setenv(name, re.sub(r"\$\{(\w+)\}", r"\1", value))
    monkeypatch.setenv("K_SERVICE", program)
    settings: Any = PROGRAMS[program]()
    assert (settings.props_backend, settings.gcp_project_id) == ("gcp", "project_id")
    if program != "props":
        assert settings.auth_policy() is not None


def test_a_release_may_set_the_commit_and_every_setting_of_a_model() -> None:
    models = variables(ModelSettings) - variables(BackendSettings)
    assert len(models) >= 7
    assert set(environment("prediction-worker")["from_release"]) == models | {"BUILD_COMMIT"}
    assert environment("prediction-coordinator")["from_release"] == ["BUILD_COMMIT"]
    assert environment("props")["from_release"] == ["BUILD_COMMIT"]


def test_the_example_sets_nothing_else() -> None:
    example = (INFRA / "terraform.tfvars.example").read_text(encoding="utf-8")
    for program in PROGRAMS:
        (body,) = re.findall(rf"^  {program} = \{{$(.*?)^  \}}$", example, re.MULTILINE | re.DOTALL)
        named = re.findall(r"\b([A-Z][A-Z0-9_]+) += ", body)
        assert named
        assert set(named) - set(environment(program)["from_release"]) == set()


def test_the_build_sets_nothing_else_on_a_job() -> None:
    script = "\n".join(step.get("script", "") for step in BUILD["steps"])
    named = re.findall(r'--update-env-vars="([A-Z_]+)=', script)
    assert named
    assert set(named) - set(environment("props")["from_release"]) == set()
    assert "--set-env-vars" not in script


def test_the_build_updates_every_job() -> None:
    scripts = {step["id"]: step.get("script", "") for step in BUILD["steps"]}
    (named,) = re.findall(r"for job in (.+); do", scripts["deploy-jobs"])
    first = re.findall(r"gcloud run jobs update props-(\w+)", scripts["deploy-release-job"])
    assert sorted([*named.split(), *first]) == sorted(local_keys("jobs.tf", "jobs"))


def test_topics_and_collections_are_those_of_the_product() -> None:
    assert sorted(local_keys("messaging.tf", "topics")) == sorted(TOPICS)
    (body,) = re.findall(r"^  collections = \[$(.*?)^  \]$", TERRAFORM["stores.tf"], re.MULTILINE | re.DOTALL)
    known = {
        firestore_runs.RUNS,
        firestore_runs.OUTCOMES,
        firestore_runs.UNDER_WAY,
        firestore_documents.LOCKS,
        alerts.COLLECTION,
    }
    assert known - set(re.findall(r'"(\w+)"', body)) == set()


DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
BY_DIGEST = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")


def admitted(path: str, rules: str) -> bool:
    """Whether ``.dockerignore`` lets a path into the build: of the patterns that match it the last one decides."""
    parts = Path(path).parts
    above = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
    found = True
    for line in rules.splitlines():
        pattern = line.strip().removeprefix("!")
        if pattern and not pattern.startswith("#") and any(_matches(name, pattern) for name in above):
            found = line.startswith("!")
    return found


def _matches(name: str, pattern: str) -> bool:
    regex = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(regex, name) is not None


def copied(program: str) -> list[str]:
    """What the stages of a program's image copy out of the repository."""
    stages = dict(
        re.findall(r"^FROM \S+(?: AS (\S+))?$(.*?)(?=^FROM|\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    )
    text = "".join(stages[name] for name in ("packages", "shared", program, ""))
    return re.findall(r"^COPY (?!--from)(\S+) \S+$", text.replace("${PROGRAM}", program), re.MULTILINE)


@pytest.mark.parametrize("program", requirements.PROGRAMS)
def test_what_an_image_copies_is_there_and_let_in(program: str) -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert f"requirements/{program}.lock" in copied(program)
    assert [path for path in copied(program) if not (ROOT / path).exists()] == []
    assert [path for path in copied(program) if not admitted(path, rules)] == []
    assert {path.partition("/")[0] for path in copied(program)} == {
        "requirements", "shared", "backfill_jobs" if program == "props" else "services"
    }  # fmt: skip


PROGRAMS_START = {
    "prediction-coordinator": ("services.prediction_coordinator.__main__",),
    "prediction-worker": ("services.prediction_worker.__main__",),
    "props": (
        "backfill_jobs.cli.main",
        "backfill_jobs.prediction.player_prop_predictions_backfill",
        "backfill_jobs.grading.prediction_accuracy.prediction_accuracy_grading_backfill",
    ),
}
NEVER_REACHED = {("prediction-coordinator", "catboost")}
"""The coordinator shows models and verifies none."""


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(
        "services", "shared", "backfill_jobs", include_external_packages=True, cache_dir=None
    )


@pytest.mark.parametrize("program", requirements.PROGRAMS)
def test_an_image_holds_every_package_that_its_program_imports(
    program: str, imports: grimp.ImportGraph
) -> None:
    modules, waiting = set(), set(PROGRAMS_START[program])
    while waiting:
        modules |= waiting
        waiting = {m for w in waiting for m in imports.find_modules_directly_imported_by(w)} - modules
    installed, provided_by = (
        requirements.required_packages(requirements.PROGRAMS[program]),
        packages_distributions(),
    )
    missing = {
        (program, module)
        for module in modules
        if not {canonicalize_name(d) for d in provided_by.get(module.partition(".")[0], ())} & installed
        and module.partition(".")[0] not in {"services", "shared", "backfill_jobs", *sys.stdlib_module_names}
    }
    assert missing == {pair for pair in NEVER_REACHED if pair[0] == program}


def test_nothing_else_is_let_in() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    for path in (".git/config", ".venv/bin/python", ".props/warehouse.duckdb", "tests/conftest.py", "infra/main.tf",
                 "shared/domain/__pycache__/a.pyc", "terraform.tfvars"):  # fmt: skip
        assert not admitted(path, rules), path


def test_a_folder_that_is_no_longer_let_in_is_noticed() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert not admitted("shared", rules.replace("!shared\n", ""))
    assert not admitted("shared/domain/players/names.py", rules.replace("!shared\n", ""))
    assert admitted("a/b.py", "")


def test_the_images_stand_on_the_base_that_the_build_tests() -> None:
    (base,) = re.findall(r"^ARG BASE_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert base == BUILD["substitutions"]["_PYTHON_IMAGE"]
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))
    assert stages == {"packages", "shared", *requirements.PROGRAMS}
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {
        "${BASE_IMAGE}",
        "shared",
        "${PROGRAM}",
    }


def test_every_step_of_the_build_runs_in_an_image_by_digest() -> None:
    substitutions = BUILD["substitutions"]
    images = {substitutions[step["name"].removeprefix("${").removesuffix("}")] for step in BUILD["steps"]}
    assert [image for image in images if not BY_DIGEST.fullmatch(image)] == []


def test_every_image_is_built_and_named_with_its_origin() -> None:
    script = next(step["script"] for step in BUILD["steps"] if step["id"] == "build")
    (built,) = re.findall(r"^for name in (.+); do$", script, re.MULTILINE)
    assert set(built.split()) == set(requirements.PROGRAMS)
    assert '--build-arg "PROGRAM=$name"' in script
    assert BUILD["images"] == [
        f"${{_REPOSITORY}}/{p}:$COMMIT_SHA" for p in ("prediction-worker", "prediction-coordinator", "props")
    ]
    assert BUILD["options"]["requestedVerifyOption"] == "VERIFIED"


def test_nothing_is_pushed_before_it_is_tested_and_nothing_deployed_before_it_is_pushed() -> None:
    waits = {step["id"]: set(step.get("waitFor", [])) for step in BUILD["steps"]}

    def before(step: str) -> set[str]:
        return {earlier for name in waits[step] & waits.keys() for earlier in {name, *before(name)}}

    assert {"test", "build", "parts-list"} <= before("push")
    for step in waits:
        if step.startswith("deploy-"):
            assert "push" in before(step)
    assert {"deploy-worker", "deploy-coordinator"} <= before("deploy-jobs")
    assert "deploy-release-job" in before("deploy-worker")
