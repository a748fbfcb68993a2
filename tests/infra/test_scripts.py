"""Shell: the scripts of the repository and those inside of ``cloudbuild.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.infra import mutants, tools
from tests.infra.install import ROOT
from tests.infra.mutants import Mutant

MUTANTS = mutants.load("scripts")
BUILD = "cloudbuild.yaml"


def scripts(name: str, text: str) -> dict[str, str]:
    """Shell by name: a script itself, or what the steps of a build run."""
    if name != BUILD:
        return {name: text}
    return {
        f"{name}: {step['id']}": step["script"] for step in yaml.safe_load(text)["steps"] if "script" in step
    }


def every_script() -> dict[str, str]:
    paths = [*sorted((ROOT / "bin").glob("*.sh")), ROOT / ".ci" / "run", ROOT / BUILD]
    found: dict[str, str] = {}
    for path in paths:
        if path.is_file():
            found |= scripts(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    return found


def shellcheck(text: str) -> str:
    return tools.run("shellcheck", "-S", "style", "-f", "gcc", "-", text=whole(text)).stdout


def whole(text: str) -> str:
    """A script with the files that it sources in their places, as the shell sees it."""
    return re.sub(
        r"^source (bin/\S+)$", lambda m: (ROOT / m[1]).read_text(encoding="utf-8"), text, flags=re.M
    )


def shfmt(text: str) -> str:
    ran = tools.run("shfmt", "-d", "-i", "2", text=text)
    return ran.stdout + ran.stderr


EVERY = every_script()
PARTS = sorted((ROOT / "bin").glob("*/*.sh"))
"""What scripts source; shellcheck sees them where they belong."""


@pytest.mark.infra
@pytest.mark.parametrize("name", EVERY)
def test_shellcheck_has_nothing_to_say(name: str) -> None:
    assert shellcheck(EVERY[name]) == ""


@pytest.mark.infra
@pytest.mark.parametrize("name", EVERY)
def test_shfmt_would_change_nothing(name: str) -> None:
    assert shfmt(EVERY[name]) == ""


@pytest.mark.infra
@pytest.mark.parametrize("part", PARTS, ids=lambda p: p.name)
def test_shfmt_would_change_nothing_in_what_is_sourced(part: Path) -> None:
    assert shfmt(part.read_text(encoding="utf-8")) == ""


def test_every_part_is_sourced() -> None:
    scripts_ = [p.read_text(encoding="utf-8") for p in (ROOT / "bin").glob("*.sh")]
    assert [p.name for p in PARTS if not any(f"source {p.relative_to(ROOT)}\n" in s for s in scripts_)] == []


@pytest.mark.infra
@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.says != "shfmt"], ids=str)
def test_shellcheck_notices(mutant: Mutant) -> None:
    said = "".join(map(shellcheck, changed(mutant).values()))
    assert re.findall(r"\[(SC\d+)\]", said) == [mutant.says]


@pytest.mark.infra
@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.says == "shfmt"], ids=str)
def test_shfmt_notices(mutant: Mutant) -> None:
    assert [name for name, text in changed(mutant).items() if shfmt(text)] != []


def changed(mutant: Mutant) -> Mapping[str, str]:
    """The scripts that a mistake is in."""
    made = scripts(mutant.file, mutant.text())
    return {name: text for name, text in made.items() if text != EVERY[name]}


@pytest.mark.parametrize("name", EVERY)
def test_each_script_stops_at_the_first_failure(name: str) -> None:
    assert re.search(r"^set -euo? ?(pipefail)?$", EVERY[name], re.MULTILINE)
    shell = EVERY[name].splitlines()[0]
    assert ("bash" not in shell) or "set -euo pipefail" in EVERY[name]


def test_scripts_are_executable() -> None:
    paths = [*(ROOT / "bin").glob("*.sh"), ROOT / ".ci" / "run"]
    assert [p.name for p in paths if not p.stat().st_mode & 0o100] == []


def test_a_missing_tool_skips_a_test_and_fails_it_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.infra.install.HOME", tmp_path)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="shfmt is not installed: run make infra"):
        tools.require("shfmt")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="shfmt is not installed: run make infra"):
        tools.require("shfmt")


def test_what_the_machine_lacks_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert tools.missing("terraform") == "terraform is missing: install Terraform 1.11 or later"
