"""What tests have measured, told at the end of a session, whichever process ran them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

MEASURED = "measured"

Tell = Callable[[str], None]


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Tell:
    """Takes a sentence for the end of the session."""
    return lambda sentence: record_property(MEASURED, sentence)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    told = [value for report in reports for name, value in report.user_properties if name == MEASURED]
    if told:
        terminalreporter.section("measured")
        terminalreporter.line("\n".join(told))
