from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Unavailable
from shared.gcp import firestore_documents
from shared.ports import Documents, Locks


def test_documents_keep_fields_apart_and_collections_apart(document_store: Documents) -> None:
    assert document_store.get("phase4_completion", "2025-03-19") is None
    document_store.merge("phase4_completion", "2025-03-19", {"a": {"n": 1, "m": 2}, "b": None})
    document_store.merge("phase4_completion", "2025-03-19", {"a": {"n": 2}})
    document_store.merge("jobs", "x", {"state": "running"})
    assert document_store.get("phase4_completion", "2025-03-19") == {"a": {"n": 2}, "b": None}
    assert document_store.get_all("jobs") == {"x": {"state": "running"}}
    assert document_store.get_all("nothing") == {}


@pytest.mark.parametrize(
    "value", [[[1, 2], [3]], 0.1 + 0.2, 2**60, "", "äö.b/c", True, {"a.b": {"c d": [None]}}, []]
)
def test_whatever_json_holds_comes_back_as_it_went(document_store: Documents, value: Any) -> None:
    document_store.merge("values", "one", {"value": value, "with.dots and space": 1})
    found = document_store.get("values", "one")
    assert found == {"value": value, "with.dots and space": 1}


def test_writers_of_different_fields_do_not_undo_each_other(document_store: Documents) -> None:
    threads = [
        threading.Thread(target=document_store.merge, args=("jobs", "x", {f"day{i}": i})) for i in range(6)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert document_store.get("jobs", "x") == {f"day{i}": i for i in range(6)}


def test_a_lock_is_had_by_one_and_given_up_at_the_end(lock_stores: Callable[[], Locks]) -> None:
    first, second = lock_stores(), lock_stores()
    with (
        first.hold("date", 0.1),
        pytest.raises(Unavailable, match="another process still holds it"),
        second.hold("date", 0.1),
    ):
        pass
    with second.hold("date", 0.1), first.hold("other", 0.1):
        pass


def test_a_lock_is_waited_for(lock_stores: Callable[[], Locks]) -> None:
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with lock_stores().hold("date", 0.1):
            held.set()
            over.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    threading.Timer(0.3, over.set).start()
    with lock_stores().hold("date", 10):
        assert over.is_set()
    holder.join()


@pytest.mark.emulators
@pytest.mark.parametrize("kind", ["emulator"])
def test_a_lease_ends_with_its_holder_and_is_renewed_while_he_lives(
    lock_stores: Callable[[], Locks], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firestore_documents, "LEASE", timedelta(seconds=0.6))
    monkeypatch.setattr(firestore_documents, "SKEW", timedelta(0))
    holder: Any = lock_stores()
    with holder.hold("date", 0.1), pytest.raises(Unavailable), lock_stores().hold("date", 2.0):
        pass
    assert holder._take("date", "a process that dies")
    with lock_stores().hold("date", 5.0):
        pass
