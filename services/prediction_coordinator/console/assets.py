"""Scripts, vendored libraries and the icon, each under a name that changes with its content; the style sheet
and the first script, which stand in the pages themselves."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import NamedTuple

from fastapi import APIRouter, Response

from shared.errors import NotFound

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    url: str
    body: bytes
    media_type: str


class Assets:
    """What lies in ``static``, read once."""

    def __init__(self) -> None:
        folder = files("services.prediction_coordinator.console") / "static"
        found = {
            f.name: f.read_bytes() for at in (folder, folder / "vendor") for f in at.iterdir() if f.is_file()
        }
        self.style, self.first = (found.pop(name).decode() for name in ("console.css", "first.js"))
        self._by_name = {
            name: Asset(f"/console/static/{_version(body)}/{name}", body, TYPES[_suffix(name)])
            for name, body in found.items()
            if _suffix(name) in TYPES
        }

    def url(self, name: str) -> str:
        return self._by_name[name].url

    def add(self, router: APIRouter) -> None:
        @router.get("/console/static/{version}/{name}")
        def asset(version: str, name: str) -> Response:
            found = self._by_name.get(name)
            if found is None or found.url != f"/console/static/{version}/{name}":
                raise NotFound(f"no file {name!r} of version {version!r}")
            headers = {"Cache-Control": FOR_EVER, "X-Content-Type-Options": "nosniff"}
            return Response(found.body, media_type=found.media_type, headers=headers)


def _version(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]
