"""What checkov knows of Google Cloud, and the policies of ``infra/policy``.

checkov takes seconds to start, so it reads one tree: ``infra`` as it is, each file that a mistake is made in
alone, and each mistake alone. What is skipped in ``infra/.checkov.yaml`` is not skipped here.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra import mutants, tools
from tests.infra.mutants import Mutant
from tests.infra.terraform import INFRA

MUTANTS = mutants.load("policies")
SKIPPED = INFRA / ".checkov.yaml"
POLICIES = sorted(
    yaml.safe_load(p.read_text(encoding="utf-8"))["metadata"]["id"] for p in (INFRA / "policy").glob("*.yaml")
)

FORBID_TYPES = frozenset({"CKV2_PROPS_2", "CKV2_PROPS_11", "CKV2_PROPS_12"})
"""Policies that forbid types: they judge only where one is."""

EVERY_RESOURCE = {
    "CHECKOV_ENABLE_FOREACH_HANDLING": "False",
    "CHECKOV_ENABLE_MODULES_FOREACH_HANDLING": "False",
}
"""Otherwise checkov replaces a resource with ``for_each`` by copies that policies do not see."""

Found = Mapping[str, Mapping[str, set[str]]]
"""Resources by policy by folder of the tree."""


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Found, Found]:
    """What failed and what passed."""
    tree = tmp_path_factory.mktemp("policies")
    shutil.copytree(INFRA, tree / "whole", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    for number, mutant in enumerate(MUTANTS):
        write(tree / f"mutant-{number}", mutant.text())
        write(tree / alone(mutant), (INFRA.parent / mutant.file).read_text(encoding="utf-8"))
    told = checkov("-d", tree, "--framework", "terraform", "--external-checks-dir", INFRA / "policy")
    return by_folder(told["failed_checks"]), by_folder(told["passed_checks"])


def alone(mutant: Mutant) -> str:
    """The folder of the file that a mistake is made in."""
    return "alone-" + re.sub(r"\W", "-", mutant.file)


def write(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "main.tf").write_text(text, encoding="utf-8")


def checkov(*arguments: str | Path) -> Any:
    ran = tools.run(
        "checkov",
        *arguments,
        "--skip-download",
        "--compact",
        "-o",
        "json",
        LOG_LEVEL="CRITICAL",
        **EVERY_RESOURCE,
    )
    assert ran.returncode in (0, 1), ran.stderr
    told = json.loads(ran.stdout)
    assert told["summary"]["parsing_errors"] == 0
    return told["results"]


def by_folder(checks: list[dict[str, Any]]) -> Found:
    found: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for check in checks:
        found[check["file_path"].split("/")[1]][check["check_id"]].add(check["resource"])
    return found


@pytest.mark.infra
def test_nothing_fails_but_what_is_skipped(checked: tuple[Found, Found]) -> None:
    """And nothing is skipped that does not fail: a skip that is not needed would hide the next mistake."""
    failed, _ = checked
    assert sorted(failed["whole"]) == sorted(
        yaml.safe_load(SKIPPED.read_text(encoding="utf-8"))["skip-check"]
    )


@pytest.mark.infra
@pytest.mark.parametrize("policy", [p for p in POLICIES if p not in FORBID_TYPES])
def test_each_policy_has_something_to_judge(checked: tuple[Found, Found], policy: str) -> None:
    _, passed = checked
    assert passed["whole"][policy]


@pytest.mark.infra
@pytest.mark.parametrize("number", range(len(MUTANTS)), ids=[str(m) for m in MUTANTS])
def test_each_policy_notices_its_mistake(checked: tuple[Found, Found], number: int) -> None:
    failed, _ = checked
    mutant = MUTANTS[number]
    before, after = failed[alone(mutant)][mutant.says], failed[f"mutant-{number}"][mutant.says]
    assert (len(before), len(after)) == (0, 1)


@pytest.mark.infra
def test_grants_that_are_made_for_each_account_are_judged(checked: tuple[Found, Found]) -> None:
    _, passed = checked
    assert "google_project_iam_member.queries" in passed["whole"]["CKV2_PROPS_3"]


def test_each_policy_has_its_mistake() -> None:
    assert set(POLICIES) - {m.says for m in MUTANTS} == set()


@pytest.mark.parametrize("path", sorted(INFRA.glob(".checkov*.yaml")), ids=lambda p: p.name)
def test_each_skip_says_why(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").split("skip-check:\n")[1].splitlines()
    ids = [number for number, line in enumerate(lines) if line.startswith("  - ")]
    # A reason stands above the first of several that share it.
    assert lines[ids[0] - 1].strip().startswith("#")
    assert all(lines[n - 1].strip().startswith(("#", "- ")) for n in ids)
    assert all(re.fullmatch(r"  - CKV_\w+", lines[n]) for n in ids)


def test_nothing_is_skipped_in_passing() -> None:
    skips = {
        p.name
        for p in INFRA.rglob("*.tf")
        if re.search("(checkov|bridgecrew):skip", p.read_text(encoding="utf-8"))
    }
    assert skips == set()
