from __future__ import annotations

import threading

import pytest

from shared.application.operations import readiness
from shared.application.operations.readiness import FAILED, PASSED, CachedCheck, run_check
from shared.errors import Unavailable


class Store:
    """Counts how often it is asked; ``away`` makes it fail."""

    def __init__(self) -> None:
        self.questions, self.away = 0, False

    def __call__(self) -> None:
        self.questions += 1
        if self.away:
            raise Unavailable("the store is away")


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The machine's clock, to be set."""
    at = [100.0]
    monkeypatch.setattr(readiness.time, "monotonic", lambda: at[0])
    return at


def test_a_store_is_asked_seldom_and_a_failed_one_soon_again(now: list[float]) -> None:
    store = Store()
    check = CachedCheck(store)
    for _ in range(50):
        check()
    assert store.questions == 1
    store.away = True
    now[0] += 5.0
    for _ in range(50):
        assert run_check("store", check).status == FAILED
    assert store.questions == 2
    store.away = False
    now[0] += 1.0
    assert run_check("store", check).status == PASSED
    assert store.questions == 3


def test_while_one_asks_the_others_have_the_last_answer(now: list[float]) -> None:
    begun, go_on = threading.Event(), threading.Event()
    slow = False

    def ask() -> None:
        if slow:
            begun.set()
            go_on.wait(10)

    check = CachedCheck(ask)
    check()
    slow = True
    now[0] += 5.0
    asking = threading.Thread(target=check)
    asking.start()
    try:
        assert begun.wait(10)
        check()
        assert asking.is_alive()
    finally:
        go_on.set()
        asking.join()
