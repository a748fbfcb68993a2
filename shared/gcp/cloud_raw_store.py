"""Raw responses of feeds in Cloud Storage: ``gs://BUCKET/FEED/DATE/NAME``."""

from __future__ import annotations

from datetime import date

from google.api_core.exceptions import NotFound as ObjectNotFound
from google.api_core.exceptions import PreconditionFailed

from shared.errors import Conflict, NotFound
from shared.gcp.clients import Clients
from shared.gcp.failures import translate_errors
from shared.ports import RawEntry


class CloudRawStore:
    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients, self._bucket = clients, bucket

    def put(self, entry: RawEntry, body: bytes) -> None:
        path = self._path(entry)
        with translate_errors(path):
            blob = self._clients.storage().bucket(self._bucket).blob(_name(entry))
            try:
                blob.upload_from_string(
                    body, "application/octet-stream", if_generation_match=0, checksum="crc32c"
                )
            except PreconditionFailed as exc:
                if blob.download_as_bytes() != body:
                    raise Conflict(f"{path}: another response has that name", path) from exc

    def entries(self, first: date, last: date, feed: str | None = None) -> list[RawEntry]:
        prefix = f"{feed}/" if feed else None
        found = []
        with translate_errors(f"gs://{self._bucket}"):
            for blob in self._clients.storage().list_blobs(self._bucket, prefix=prefix):
                of_feed, day, name = blob.name.split("/", 2)
                if first <= date.fromisoformat(day) <= last:
                    found.append(RawEntry(of_feed, date.fromisoformat(day), name))
        return sorted(found, key=lambda e: (e.day, e.feed, e.name))

    def read(self, entry: RawEntry) -> bytes:
        path = self._path(entry)
        with translate_errors(path):
            try:
                body: bytes = (
                    self._clients.storage().bucket(self._bucket).blob(_name(entry)).download_as_bytes()
                )
            except ObjectNotFound as exc:
                raise NotFound(f"{path}: no such response") from exc
        return body

    def _path(self, entry: RawEntry) -> str:
        return f"gs://{self._bucket}/{_name(entry)}"


def _name(entry: RawEntry) -> str:
    return f"{entry.feed}/{entry.day.isoformat()}/{entry.name}"
