"""Model files in folders of this machine."""

from __future__ import annotations

from pathlib import Path

from shared.errors import NotFound, Rejected


class DirectoryModelStore:
    def fetch(self, path: str) -> bytes:
        if path.startswith("gs://"):
            raise Rejected(f"{path}: the embedded backend reads local files only")
        try:
            return Path(path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as exc:
            raise NotFound(f"{path}: no such model file") from exc
        except PermissionError as exc:
            raise NotFound(f"{path}: may not be read") from exc
