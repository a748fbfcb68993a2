"""Locks between the processes of one machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from shared.errors import Unavailable


class FileLocks:
    """The operating system releases a lock when its holder ends, even after a crash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, name: str, wait_seconds: float) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self._folder / f"{name}.lock", timeout=wait_seconds)
            lock.acquire()
        except filelock.Timeout as exc:
            raise Unavailable(f"{name}: another process still holds it after {wait_seconds:.0f} s") from exc
        except OSError as exc:
            raise Unavailable(f"{self._folder}: {exc}") from exc
        try:
            yield
        finally:
            lock.release()
