"""YAML of the repository, and the build against its published schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.infra import mutants, tools
from tests.infra.install import ROOT
from tests.infra.mutants import Mutant

pytestmark = pytest.mark.infra

RULES = ROOT / ".yamllint.yaml"
BUILD = ROOT / "cloudbuild.yaml"


def yamllint(*paths: Path) -> list[str]:
    """What it says of the files, warnings included."""
    return tools.run("yamllint", "-s", "-f", "parsable", "-c", RULES, *paths).stdout.splitlines()


def test_yamllint_has_nothing_to_say() -> None:
    paths = tools.tracked("*.yaml", "*.yml")
    assert {BUILD, RULES, ROOT / "infra" / ".checkov.yaml"} <= set(paths)
    assert yamllint(*paths) == []


@pytest.mark.parametrize("mutant", mutants.load("yaml"), ids=str)
def test_yamllint_notices(tmp_path: Path, mutant: Mutant) -> None:
    (tmp_path / "a.yaml").write_text(mutant.text(), encoding="utf-8")
    said = yamllint(tmp_path / "a.yaml")
    assert [re.findall(r"\(([\w-]+)\)$", line) for line in said] == [[mutant.says]]


def build_errors(path: Path) -> tuple[int, str]:
    """Whether the schema of Cloud Build is met, and what is not."""
    ran = tools.run("check-jsonschema", "--builtin-schema", "vendor.cloudbuild", "-o", "json", path)
    errors = json.loads(ran.stdout)["errors"]
    return ran.returncode, "\n".join(f"{e['path']}: {e['message']}" for e in errors)


def test_the_build_is_one() -> None:
    assert build_errors(BUILD) == (0, "")


@pytest.mark.parametrize("mutant", mutants.load("cloudbuild"), ids=str)
def test_what_is_no_build_is_noticed(tmp_path: Path, mutant: Mutant) -> None:
    (tmp_path / "cloudbuild.yaml").write_text(mutant.text(), encoding="utf-8")
    status, said = build_errors(tmp_path / "cloudbuild.yaml")
    assert status == 1
    assert mutant.says in said
