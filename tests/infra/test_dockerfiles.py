"""The Dockerfile, before anything is built of it."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from tests.infra import mutants, tools
from tests.infra.install import ROOT
from tests.infra.mutants import Mutant
from tests.infra.terraform import INFRA

DOCKERFILE = ROOT / "Dockerfile"
MUTANTS = mutants.load("dockerfiles")
BY_HADOLINT = [m for m in MUTANTS if m.says.startswith("DL")]
BY_CHECKOV = [m for m in MUTANTS if m.says.startswith("CKV")]

pytestmark = pytest.mark.infra


def hadolint(path: Path) -> list[str]:
    return [found["code"] for found in json.loads(tools.run("hadolint", "--format", "json", path).stdout)]


def test_hadolint_has_nothing_to_say() -> None:
    assert hadolint(DOCKERFILE) == []


@pytest.mark.parametrize("mutant", BY_HADOLINT, ids=str)
def test_hadolint_notices(tmp_path: Path, mutant: Mutant) -> None:
    written = tmp_path / "Dockerfile"
    written.write_text(mutant.text(), encoding="utf-8")
    assert hadolint(written) == [mutant.says]


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Checks that failed by folder, of the Dockerfile as it is and of each mistake, from one run."""
    tree = tmp_path_factory.mktemp("dockerfiles")
    texts = {"real": DOCKERFILE.read_text(encoding="utf-8")}
    texts |= {f"mutant-{n}": mutant.text() for n, mutant in enumerate(BY_CHECKOV)}
    for name, text in texts.items():
        (tree / name).mkdir()
        (tree / name / "Dockerfile").write_text(text, encoding="utf-8")
    ran = tools.run(
        "checkov",
        "-d",
        tree,
        "--framework",
        "dockerfile",
        "--skip-download",
        "-o",
        "json",
        LOG_LEVEL="CRITICAL",
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for check in json.loads(ran.stdout)["results"]["failed_checks"]:
        found[check["file_path"].split("/")[1]].add(check["check_id"])
    return found


def skipped() -> set[str]:
    return set(yaml.safe_load((INFRA / ".checkov.images.yaml").read_text(encoding="utf-8"))["skip-check"])


def test_checkov_finds_what_is_skipped_and_no_more(failed: dict[str, set[str]]) -> None:
    assert failed["real"] == skipped()


@pytest.mark.parametrize("number", range(len(BY_CHECKOV)), ids=[str(m) for m in BY_CHECKOV])
def test_checkov_notices(failed: dict[str, set[str]], number: int) -> None:
    assert failed[f"mutant-{number}"] - skipped() == {BY_CHECKOV[number].says}
