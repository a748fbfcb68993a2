"""Static files: scripts, vendored libraries and the icon, each with its content hash in the URL. The style
sheet and the first script are inlined in the pages."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import NamedTuple

from fastapi import APIRouter, Response

from shared.errors import NotFound

TYPES = {".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
IMMUTABLE = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    url: str
    body: bytes
    media_type: str


class Assets:
    """The files of the folder ``static``, read once."""

    def __init__(self) -> None:
        folder = files("services.prediction_coordinator.console") / "static"
        bodies = {
            f.name: f.read_bytes() for d in (folder, folder / "vendor") for f in d.iterdir() if f.is_file()
        }
        self.style, self.first = (bodies.pop(name).decode() for name in ("console.css", "first.js"))
        self._by_name = {
            name: Asset(f"/console/static/{_version(body)}/{name}", body, TYPES[_suffix(name)])
            for name, body in bodies.items()
            if _suffix(name) in TYPES
        }

    def url(self, name: str) -> str:
        return self._by_name[name].url

    def add(self, router: APIRouter) -> None:
        @router.get("/console/static/{version}/{name}")
        def asset(version: str, name: str) -> Response:
            file = self._by_name.get(name)
            if file is None or file.url != f"/console/static/{version}/{name}":
                raise NotFound(f"no file {name!r} of version {version!r}")
            headers = {"Cache-Control": IMMUTABLE, "X-Content-Type-Options": "nosniff"}
            return Response(file.body, media_type=file.media_type, headers=headers)


def _version(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]
