from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.errors import Conflict, NotFound, Rejected
from shared.gcp.cloud_model_store import CloudModelStore, ObjectPath
from tests.contracts.fixtures import EMULATOR, Models

DATA = bytes(range(256)) * 700


def test_a_file_comes_back_as_it_was_put(models_at: Models) -> None:
    path = f"{models_at.base}/one.cbm"
    with pytest.raises(NotFound, match=r"one\.cbm"):
        models_at.store.fetch(path)
    models_at.store.put(path, DATA)
    assert models_at.store.fetch(path) == DATA
    assert models_at.store.fetch(path) == DATA


def test_a_name_never_has_two_contents(models_at: Models) -> None:
    path = f"{models_at.base}/one.cbm"
    models_at.store.put(path, DATA)
    models_at.store.put(path, DATA)
    with pytest.raises(Conflict, match="another file has that name"):
        models_at.store.put(path, DATA[1:])
    assert models_at.store.fetch(path) == DATA


def test_a_path_of_another_kind_is_refused(models_at: Models, kind: str) -> None:
    other = "gs://bucket/model.cbm" if kind == "embedded" else "/somewhere/model.cbm"
    with pytest.raises(Rejected, match=r"expected gs://|local files only"):
        models_at.store.fetch(other)
    with pytest.raises(Rejected):
        models_at.store.put(other, DATA)


@pytest.mark.emulators
@pytest.mark.parametrize("kind", [EMULATOR])
def test_a_pinned_generation_is_fetched_once_and_stays(models_at: Models, tmp_path: Path) -> None:
    store: Any = models_at.store
    path = f"{models_at.base}/one.cbm"
    store.put(path, DATA)
    blob = store._blob(ObjectPath.of(path), None)
    blob.reload()
    cache = tmp_path / "another cache"
    pinned = CloudModelStore(store._clients, cache, {path: blob.generation})
    assert pinned.fetch(path) == DATA
    blob.delete()
    assert pinned.fetch(path) == DATA  # from the cache: a generation does not change
    assert pinned.fetch(f"{path}#{blob.generation}") == DATA
    for file in cache.iterdir():
        if not file.suffix:
            file.write_bytes(b"damaged")
    with pytest.raises(NotFound):
        pinned.fetch(path)


@pytest.mark.parametrize("path", ["gs://", "gs://bucket", "gs://bucket/", "gs://bucket/a#x", "s3://b/a"])
def test_what_is_no_object_is_refused(path: str) -> None:
    with pytest.raises(Rejected, match="expected gs://bucket/name"):
        ObjectPath.of(path)
