"""Model files in folders of this machine."""

from __future__ import annotations

import os
from pathlib import Path

from shared.errors import Conflict, NotFound, Rejected, Unavailable


class DirectoryModelStore:
    def fetch(self, path: str) -> bytes:
        try:
            return _local_path(path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as exc:
            raise NotFound(f"{path}: no such model file") from exc
        except PermissionError as exc:
            raise NotFound(f"{path}: is not readable") from exc

    def put(self, path: str, data: bytes) -> None:
        file = _local_path(path)
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            os.link(part, file)  # fails if the name exists, and never leaves a partial file
        except FileExistsError as exc:
            if file.read_bytes() != data:
                raise Conflict(f"{path}: another file has that name", path) from exc
        except OSError as exc:
            raise Unavailable(f"{path}: cannot be written ({exc.strerror})") from exc
        finally:
            part.unlink(missing_ok=True)


def _local_path(path: str) -> Path:
    if path.startswith("gs://"):
        raise Rejected(f"{path}: the embedded backend has local files only")
    return Path(path)
