"""Terraform's own checks of ``infra``, against the provider's schema, and the stand-in that has it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra import install, mutants, tools
from tests.infra.install import ROOT, SCHEMA
from tests.infra.mutants import Mutant
from tests.infra.provider import extract
from tests.infra.terraform import INFRA, copy, terraform

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that is only read."""
    return copy(tmp_path_factory.mktemp("terraform"))


@pytest.fixture
def copied(initialised: Path, tmp_path: Path) -> Path:
    """The root of a copy to make a mistake in."""
    shutil.copytree(initialised, tmp_path / "infra", symlinks=True)
    return tmp_path


def test_it_is_formatted() -> None:
    ran = terraform(ROOT, "fmt", "-check", "-recursive", "-diff", str(INFRA))
    assert (ran.returncode, ran.stdout) == (0, "")


def test_bad_format_is_noticed(copied: Path) -> None:
    for mutant in mutants.load("fmt"):
        mutant.apply(copied)
    ran = terraform(copied, "fmt", "-check", "-recursive", "-list=true", "infra")
    assert ran.returncode != 0
    assert set(ran.stdout.split()) == {mutant.says for mutant in mutants.load("fmt")}


def test_it_is_valid(initialised: Path) -> None:
    ran = terraform(initialised, "validate", "-json")
    assert json.loads(ran.stdout)["diagnostics"] == []


@pytest.mark.parametrize("mutant", mutants.load("validate"), ids=str)
def test_what_is_not_valid_is_noticed(copied: Path, mutant: Mutant) -> None:
    mutant.apply(copied)
    told = json.loads(terraform(copied / "infra", "validate", "-json").stdout)
    assert not told["valid"]
    said = [f"{d['summary']}: {d['detail']}" for d in told["diagnostics"] if d["severity"] == "error"]
    assert any(mutant.says in sentence for sentence in said), said


def test_the_schema_is_of_the_types_that_are_declared() -> None:
    assert install.wanted()["types"] == extract.used(INFRA), "run python -m tests.infra.install --accept"


def test_the_schema_is_the_one_that_was_accepted() -> None:
    tools.require("terraform")
    assert install.wanted()["sha256"] == hashlib.sha256(SCHEMA.read_bytes()).hexdigest()


def test_terraform_reads_the_schema_as_it_was_extracted(tmp_path: Path) -> None:
    """Field numbers, types and nesting arrive: what Terraform tells of the schema is the file."""
    tools.require("terraform")
    (tmp_path / "main.tf").write_text(
        f'terraform {{\n  required_providers {{\n    google = "{extract.VERSION}"\n  }}\n}}\n',
        encoding="utf-8",
    )
    assert terraform(tmp_path, "init").returncode == 0
    told = json.loads(terraform(tmp_path, "providers", "schema", "-json").stdout)["provider_schemas"]
    wanted = json.loads(SCHEMA.read_text(encoding="utf-8"))["provider_schemas"]
    assert without_descriptions(told) == wanted


def with_provider(folder: Path, text: str) -> Path:
    """A folder of its own that Terraform runs with the stand-in."""
    needs = f'terraform {{\n  required_providers {{\n    google = "{extract.VERSION}"\n  }}\n}}\n'
    (folder / "main.tf").write_text(needs + text, encoding="utf-8")
    assert terraform(folder, "init").returncode == 0
    return folder


def without_descriptions(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_descriptions(v) for k, v in value.items() if k != "description_kind"}
    return value


def test_the_stand_in_is_for_terraform_alone() -> None:
    tools.require("terraform")
    (program,) = (install.PROVIDER / "mirror").rglob("terraform-provider-google_*")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    ran = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=20, check=False)
    assert (ran.returncode, ran.stderr) == (1, "This is a Terraform provider: terraform starts it\n")


def test_the_stand_in_plans_nothing(tmp_path: Path) -> None:
    """Only a mock may apply: a plan that it made would be believed."""
    root = with_provider(tmp_path, 'resource "google_pubsub_topic" "a" {\n  name = "a"\n}\n')
    ran = terraform(root, "plan", "-input=false", "-no-color")
    assert ran.returncode == 1
    assert "PlanResourceChange" in ran.stderr
