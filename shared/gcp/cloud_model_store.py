"""Model files in Cloud Storage: one generation, checked, kept on disk by content."""

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
    """``gs://bucket/name``, with ``#generation`` where one version is meant."""

    bucket: str
    name: str
    generation: int | None = None

    @classmethod
    def of(cls, path: str) -> ObjectPath:
        bucket, _, rest = path.removeprefix(SCHEME).partition("/")
        name, _, generation = rest.partition("#")
        if not path.startswith(SCHEME) or not bucket or not name or (generation and not generation.isdigit()):
            raise Rejected(f"{path}: wanted gs://bucket/name or gs://bucket/name#generation")
        return cls(bucket, name, int(generation) if generation else None)


class CloudModelStore:
    """``cache`` holds files by their sha256 and, by object and generation, which of them is meant.

    ``generations`` pins paths that are named without one. A generation never changes, so that a file
    that is cached is not asked for again.
    """

    def __init__(self, clients: Clients, cache: Path, generations: dict[str, int] | None = None) -> None:
        self._clients = clients
        self._cache = cache
        self._generations = generations or {}

    def fetch(self, path: str) -> bytes:
        wanted = ObjectPath.of(path)
        generation = wanted.generation or self._generations.get(path)
        with translate_errors(path):
            blob = self._blob(wanted, generation)
            if generation is None:
                blob.reload()
                generation = int(blob.generation)
                blob = self._blob(wanted, generation)
            kept = self._kept(path, generation)
            if kept is not None:
                return kept
            data: bytes = blob.download_as_bytes(checksum="crc32c")
        with contextlib.suppress(OSError):  # a full disk costs the next download, never this one
            self._keep(path, generation, data)
        return data

    def put(self, path: str, data: bytes) -> None:
        wanted = ObjectPath.of(path)
        if wanted.generation is not None:
            raise Rejected(f"{path}: a generation is given by the store, not to it")
        with translate_errors(path):
            try:
                self._blob(wanted, None).upload_from_string(
                    data, "application/octet-stream", if_generation_match=0, checksum="crc32c"
                )
            except PreconditionFailed as exc:
                if self.fetch(path) != data:
                    raise Conflict(f"{path}: another file has that name", path) from exc

    def _blob(self, wanted: ObjectPath, generation: int | None) -> Any:
        bucket = self._clients.storage().bucket(wanted.bucket)
        return bucket.blob(wanted.name, generation=generation)

    def _kept(self, path: str, generation: int) -> bytes | None:
        try:
            digest = self._entry(path, generation).read_text()
            data = (self._cache / digest).read_bytes()
        except FileNotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def _keep(self, path: str, generation: int, data: bytes) -> None:
        digest = hashlib.sha256(data).hexdigest()
        self._cache.mkdir(parents=True, exist_ok=True)
        for file, content in (
            (self._cache / digest, data),
            (self._entry(path, generation), digest.encode()),
        ):
            part = file.with_name(f"{file.name}.{os.getpid()}.part")
            part.write_bytes(content)
            part.replace(file)

    def _entry(self, path: str, generation: int) -> Path:
        name = hashlib.sha256(f"{path.partition('#')[0]}#{generation}".encode()).hexdigest()
        return self._cache / f"{name}.sha256"
