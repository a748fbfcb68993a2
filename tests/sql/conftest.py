"""One evaluator for a session."""

from __future__ import annotations

import pytest

from tests.sql.googlesql import GoogleSql


@pytest.fixture(scope="session")
def google(request: pytest.FixtureRequest) -> GoogleSql:
    return GoogleSql(request.config.rootpath / ".pytest_cache" / "zetasql")
