"""Every rule of ``infra/tests/infra.tftest.hcl`` notices the mistake that was made for it.

A run of Terraform's tests takes 20 s of a processor, so all mistakes are made in one copy. Each belongs to one
rule and each rule to one mistake; one by one they were tried when they were written.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infra import mutants, terraform
from tests.infra.terraform import INFRA

RULES = mutants.load("rules")
REFUSALS = mutants.load("refusals")


@pytest.mark.infra
def test_each_rule_notices_its_mistake(tmp_path: Path) -> None:
    copied = terraform.copy(tmp_path)
    for mutant in RULES + REFUSALS:
        mutant.apply(tmp_path)
    runs, said = terraform.run_tests(copied)
    assert set(said) == {m.says for m in RULES} | {"Missing expected failure"}
    assert [run for run, status in runs.items() if status == "pass"] == []


def test_every_rule_has_its_mistake() -> None:
    rules = (INFRA / "tests" / "infra.tftest.hcl").read_text(encoding="utf-8")
    assert sorted(m.says for m in RULES) == sorted(re.findall(r'error_message = "(.*)"', rules))
    refusing = re.findall(r'^run "(\w+)" \{(?:(?!^\}).)*expect_failures', rules, re.MULTILINE | re.DOTALL)
    assert sorted(m.says for m in REFUSALS) == sorted(refusing)


@pytest.mark.parametrize("name", sorted(p.stem for p in Path(mutants.__file__).parent.glob("*.toml")))
def test_every_mistake_can_be_made(name: str) -> None:
    """Where the text that it changes has gone, the rule would be tried on nothing."""
    made = mutants.load(name)
    assert [m.name for m in made if m.text() == ""] == []
    assert len({m.name for m in made}) == len(made)


def test_a_mistake_in_text_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text("region = 1\nregion = 1\n", encoding="utf-8")
    for old, times in (("zone", 0), ("region", 2)):
        with pytest.raises(ValueError, match=rf"has '{old}' {times} times, expected 1"):
            mutants.Mutant("gone", "a.tf", old, "", "").apply(tmp_path)
