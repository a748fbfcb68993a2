"""Raw responses of feeds in a folder: ``FEED/DATE/NAME``."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from shared.errors import Conflict, NotFound, Unavailable
from shared.ports import RawEntry


class DirectoryRawStore:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, entry: RawEntry, body: bytes) -> None:
        path = self._path(entry)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            os.link(part, path)  # fails if the name exists, and never leaves a partial file
        except FileExistsError as exc:
            if path.read_bytes() != body:
                raise Conflict(f"{path}: another response has that name", str(path)) from exc
        except OSError as exc:
            raise Unavailable(f"{path}: cannot be written ({exc.strerror})") from exc
        finally:
            part.unlink(missing_ok=True)

    def entries(self, first: date, last: date, feed: str | None = None) -> list[RawEntry]:
        found = []
        for path in self._folder.glob(f"{feed or '*'}/*/*"):
            day = date.fromisoformat(path.parent.name)
            if first <= day <= last and not path.name.startswith("."):
                found.append(RawEntry(path.parent.parent.name, day, path.name))
        return sorted(found, key=lambda e: (e.day, e.feed, e.name))

    def read(self, entry: RawEntry) -> bytes:
        try:
            return self._path(entry).read_bytes()
        except FileNotFoundError as exc:
            raise NotFound(f"{self._path(entry)}: no such response") from exc

    def _path(self, entry: RawEntry) -> Path:
        return self._folder / entry.feed / entry.day.isoformat() / entry.name
