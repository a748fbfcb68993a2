from __future__ import annotations

import pytest

from tests.infra.tools import needs


def test_what_is_missing_is_a_skip_that_names_it_and_in_ci_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "")
    needs("sh", "ls")
    with pytest.raises(pytest.skip.Exception, match="not on this machine: no-such-tool, nor-this"):
        needs("sh", "no-such-tool", "nor-this")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-tool"):
        needs("no-such-tool")
