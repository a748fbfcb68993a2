"""Checks of running services through their ``/ready`` routes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.application.operations.readiness import PASSED
from shared.domain.findings import Finding, critical, ok
from shared.errors import Unavailable
from shared.gcp.outgoing import IdTokenAuth
from shared.web.authentication import is_loopback

TIMEOUT_SECONDS = 30.0


class ServiceUrls(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    coordinator_url: str | None = None
    """URL of the coordinator, ``https://...`` in the cloud. Unset: not checked."""

    worker_url: str | None = None
    """URL of the worker. Unset: not checked."""


def check_services(urls: ServiceUrls) -> list[Finding]:
    """Return a finding for each check of ``/ready`` of the services whose URL is set."""
    urls_by_service = {"coordinator": urls.coordinator_url, "worker": urls.worker_url}
    return [
        finding for name, url in urls_by_service.items() if url for finding in _ready(f"service:{name}", url)
    ]


def _ready(check: str, url: str) -> list[Finding]:
    try:
        response = httpx.get(f"{url.rstrip('/')}/ready", auth=_token_for(url), timeout=TIMEOUT_SECONDS)
        body: Any = response.json()
    except (Unavailable, httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:
        return [critical(check, f"{url}: {exc}")]
    checks = body.get("checks") if isinstance(body, dict) else None
    if not checks:
        return [
            critical(check, f"{url}: status {response.status_code} without checks; may this account call?")
        ]
    return [
        (ok if c["status"] == PASSED else critical)(f"{check}:{c['name']}", f"{c['detail']}, {c['ms']} ms")
        for c in checks
    ]


def _token_for(url: str) -> IdTokenAuth | None:
    """Return a token for a remote service, over https only; None for a service on this machine."""
    parts = urlsplit(url)
    if is_loopback(parts.hostname or ""):
        return None
    if parts.scheme != "https":
        raise Unavailable("expected https, or a service on this machine")
    return IdTokenAuth(f"https://{parts.netloc}")
