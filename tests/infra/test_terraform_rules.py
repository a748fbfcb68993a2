"""The rules of ``infra/tests/infra.tftest.hcl`` hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra import terraform

pytestmark = pytest.mark.infra


def test_every_rule_holds(tmp_path: Path) -> None:
    runs, said = terraform.run_tests(terraform.copy(tmp_path))
    assert said == []
    assert len(runs) >= 10
    assert set(runs.values()) == {"pass"}
