from __future__ import annotations

import httpx
import pytest

from tests.emulators.processes import Server

pytestmark = pytest.mark.emulators


@pytest.mark.parametrize("name", ["bigquery", "storage", "pubsub", "firestore"])
def test_each_starts_and_answers(name: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(f"{name}_emulator")
    assert httpx.get(server.url, timeout=10).status_code in (200, 404)
