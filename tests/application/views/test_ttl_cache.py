from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.application.views.ttl_cache import MAX_ENTRIES, TtlCache
from shared.errors import Unavailable


class Counter:
    """Returns how often it was called, once ``may_return`` is set; ``fails`` makes it raise."""

    def __init__(self) -> None:
        self.calls, self.fails = 0, False
        self.may_return = threading.Event()
        self.may_return.set()

    def __call__(self, _key: int) -> int:
        assert self.may_return.wait(10)
        self.calls += 1
        if self.fails:
            raise Unavailable("the store does not respond")
        return self.calls


def test_concurrent_callers_share_one_computation_and_a_look_does_not_wait() -> None:
    compute = Counter()
    cache = TtlCache(compute)
    compute.may_return.clear()
    with ThreadPoolExecutor(8) as threads:
        values = [threads.submit(cache, 7) for _ in range(8)]
        assert cache.get_cached(7) is None
        compute.may_return.set()
        assert {value.result(10) for value in values} == {1}
    assert (cache.get_cached(7), cache(7)) == (1, 1)


def test_a_refresh_computes_again_for_all() -> None:
    cache = TtlCache(Counter())
    assert (cache(7), cache(7, refresh=True), cache(7)) == (1, 2, 2)


def test_a_failure_is_not_cached_and_leaves_the_cached_value() -> None:
    compute = Counter()
    cache = TtlCache(compute)
    compute.fails = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            cache(7)
    compute.fails = False
    assert cache(7) == 3
    compute.fails = True
    with pytest.raises(Unavailable):
        cache(7, refresh=True)
    assert cache(7) == 3


def test_only_some_values_are_cached() -> None:
    cache = TtlCache(Counter())
    for key in range(MAX_ENTRIES + 1):
        cache(key)
    assert [cache.get_cached(key) is not None for key in range(MAX_ENTRIES + 1)] == [False] + [
        True
    ] * MAX_ENTRIES
