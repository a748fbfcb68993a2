"""Model files in Cloud Storage: one generation each, checksum verified, cached on disk by content."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.api_core.exceptions import PreconditionFailed

from shared.errors import Conflict, Rejected
from shared.gcp.clients import Clients
from shared.gcp.failures import translate_errors

SCHEME = "gs://"


@dataclass(frozen=True)
class ObjectPath:
    """Parsed ``gs://bucket/name``, with ``#generation`` for one version."""

    bucket: str
    name: str
    generation: int | None = None

    @classmethod
    def of(cls, path: str) -> ObjectPath:
        bucket, _, rest = path.removeprefix(SCHEME).partition("/")
        name, _, generation = rest.partition("#")
        if not path.startswith(SCHEME) or not bucket or not name or (generation and not generation.isdigit()):
            raise Rejected(f"{path}: expected gs://bucket/name or gs://bucket/name#generation")
        return cls(bucket, name, int(generation) if generation else None)


class CloudModelStore:
    """``cache`` holds files by sha256, and the sha256 of each object and generation.

    ``generations`` pins paths that have none. A generation never changes, so a cached file is not downloaded
    again.
    """

    def __init__(self, clients: Clients, cache: Path, generations: dict[str, int] | None = None) -> None:
        self._clients, self._cache = clients, cache
        self._generations = generations or {}

    def fetch(self, path: str) -> bytes:
        object_path = ObjectPath.of(path)
        generation = object_path.generation or self._generations.get(path)
        with translate_errors(path):
            blob = self._blob(object_path, generation)
            if generation is None:
                blob.reload()
                generation = int(blob.generation)
                blob = self._blob(object_path, generation)
            cached = self._read_cache(path, generation)
            if cached is not None:
                return cached
            data: bytes = blob.download_as_bytes(checksum="crc32c")
        with contextlib.suppress(OSError):  # a full disk only means that the next fetch downloads again
            self._write_cache(path, generation, data)
        return data

    def put(self, path: str, data: bytes) -> None:
        object_path = ObjectPath.of(path)
        if object_path.generation is not None:
            raise Rejected(f"{path}: the store assigns the generation, expected a path without one")
        with translate_errors(path):
            try:
                self._blob(object_path, None).upload_from_string(
                    data, "application/octet-stream", if_generation_match=0, checksum="crc32c"
                )
            except PreconditionFailed as exc:
                if self.fetch(path) != data:
                    raise Conflict(f"{path}: another file has that name", path) from exc

    def _blob(self, object_path: ObjectPath, generation: int | None) -> Any:
        bucket = self._clients.storage().bucket(object_path.bucket)
        return bucket.blob(object_path.name, generation=generation)

    def _read_cache(self, path: str, generation: int) -> bytes | None:
        try:
            digest = self._digest_file(path, generation).read_text()
            data = (self._cache / digest).read_bytes()
        except FileNotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def _write_cache(self, path: str, generation: int, data: bytes) -> None:
        digest = hashlib.sha256(data).hexdigest()
        self._cache.mkdir(parents=True, exist_ok=True)
        for file, content in (
            (self._cache / digest, data),
            (self._digest_file(path, generation), digest.encode()),
        ):
            part = file.with_name(f"{file.name}.{os.getpid()}.part")
            part.write_bytes(content)
            part.replace(file)

    def _digest_file(self, path: str, generation: int) -> Path:
        name = hashlib.sha256(f"{path.partition('#')[0]}#{generation}".encode()).hexdigest()
        return self._cache / f"{name}.sha256"
