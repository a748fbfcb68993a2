"""The raw store, embedded and on a stand-in for Cloud Storage."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from shared.embedded.raw_store import DirectoryRawStore
from shared.errors import Conflict, NotFound
from shared.gcp.cloud_raw_store import CloudRawStore
from shared.ports import RawEntry, RawStore
from tests.contracts.fixtures import EMULATOR, Models

DAY = date(2025, 3, 15)
ONE = RawEntry("odds-api", DAY, "20250315T160000Z-a.json")


@pytest.fixture
def raw(kind: str, tmp_path: Path, models_at: Models) -> RawStore:
    if kind != EMULATOR:
        return DirectoryRawStore(tmp_path / "raw")
    bucket = models_at.base.removeprefix("gs://").partition("/")[0]
    return CloudRawStore(models_at.store._clients, bucket)  # type: ignore[attr-defined]


def test_a_response_comes_back_as_it_was_put(raw: RawStore) -> None:
    with pytest.raises(NotFound, match="no such response"):
        raw.read(ONE)
    raw.put(ONE, b"\x00body")
    raw.put(ONE, b"\x00body")
    assert raw.read(ONE) == b"\x00body"


def test_a_name_never_has_two_bodies(raw: RawStore) -> None:
    raw.put(ONE, b"one")
    with pytest.raises(Conflict, match="another response has that name"):
        raw.put(ONE, b"two")
    assert raw.read(ONE) == b"one"


def test_entries_are_found_by_date_and_feed(raw: RawStore) -> None:
    others = [RawEntry("nba-schedule", DAY, "s.json"), RawEntry("odds-api", date(2025, 3, 16), "b.json")]
    for entry in (ONE, *others):
        raw.put(entry, b"x")
    assert raw.entries(DAY, DAY) == [others[0], ONE]
    assert raw.entries(DAY, date(2025, 3, 16), "odds-api") == [ONE, others[1]]
    assert raw.entries(date(2024, 1, 1), date(2024, 1, 2)) == []
