"""Who has no project is told what a deployment would do, and what of it would be refused already."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.commands import ROOT

DEPLOY = "./bin/deploy-service.sh"
DIGEST = "w@sha256:" + "a" * 64


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clean one, on a machine without gcloud."""
    folder = tmp_path / "clone"
    for part in ("bin", "infra/environment"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "infra" / "release.py", folder / "infra")
    (folder / ".gitignore").write_text("__pycache__/\n")
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com"]
    for asked in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all there is"]):
        subprocess.run([*git, *asked], cwd=folder, check=True)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "cat", "date", "dirname", "env", "git", "head", "mktemp", "rm", "tr"):
        found = shutil.which(name)
        assert found, name
        (programs / name).symlink_to(found)
    (programs / "python3").symlink_to(Path(sys.executable).resolve())
    return folder


def deploy(clone: Path, *arguments: str) -> tuple[int, str]:
    environment = {"PATH": str(clone.parent / "programs"), "HOME": str(clone.parent)}
    ended = subprocess.run(
        [DEPLOY, *arguments],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize("service", ["prediction-worker", "prediction-coordinator"])
def test_without_a_project_a_dry_run_tells_steps_and_environment(clone: Path, service: str) -> None:
    code, told = deploy(clone, service, "--dry-run")
    assert code == 0, told
    steps = ["image", "lock", "revisions", "models", "revision", "traffic", "record"]
    said = [step for step in steps if f"\n  {step} " in told]
    assert said == [s for s in steps if s != "models" or service == "prediction-worker"]
    assert "  PROPS_BACKEND: absent, expected 'gcp'\n" in told
    assert "  BUILD_COMMIT: absent, expected '" in told
    assert told.endswith("dry run: nothing was changed, and no cloud was used\n")


def test_what_is_asked_for_stands_in_the_plan(clone: Path) -> None:
    shadow = ("--shadow", "gs://b/s.cbm", "--override", "a trial")
    code, told = deploy(
        clone, "prediction-worker", "--dry-run", "--model", "gs://b/m.cbm", "--image", DIGEST, *shadow
    )
    assert code == 0, told
    assert f"image        {DIGEST}\n" in told
    assert "models       gs://b/m.cbm\n" in told
    assert "(overridden: a trial)" in told
    assert "  SHADOW_MODEL_PATHS: absent, expected 'gs://b/s.cbm'\n" in told


def test_what_would_be_refused_already_is_named_all_of_it(clone: Path) -> None:
    (clone / "note.txt").write_text("not committed")
    code, told = deploy(clone, "prediction-worker", "--dry-run", "--model", "m.cbm", "--image", "w:latest")
    assert code == 1
    refusals = [line.partition(": ")[2] for line in told.splitlines() if line.startswith("refused: ")]
    assert [r.split(" ")[0] for r in refusals] == ["the", "image", "model"]
    assert "would deploy prediction-worker" in told
    assert "dry run: nothing was changed" not in told


@pytest.mark.parametrize("mode", [(), ("--verify",), ("--rollback", "--dry-run")])
def test_everything_else_wants_a_project(clone: Path, mode: tuple[str, ...]) -> None:
    code, told = deploy(clone, "prediction-worker", *mode)
    assert code != 0
    assert "would deploy" not in told
