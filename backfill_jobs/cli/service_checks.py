"""What running services say of themselves, asked over HTTP."""

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

ASK_SECONDS = 30.0


class ServiceUrls(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    coordinator_url: str | None = None
    """Where the coordinator answers, ``https://...`` in the cloud; unset leaves it unasked."""

    worker_url: str | None = None
    """The same of the worker."""


def ask_services(urls: ServiceUrls) -> list[Finding]:
    """A finding for each check of ``/ready`` of the services whose URL is set."""
    named = {"coordinator": urls.coordinator_url, "worker": urls.worker_url}
    return [finding for name, url in named.items() if url for finding in _ready(f"service:{name}", url)]


def _ready(check: str, url: str) -> list[Finding]:
    try:
        answer = httpx.get(f"{url.rstrip('/')}/ready", auth=_token_for(url), timeout=ASK_SECONDS)
        body: Any = answer.json()
    except (Unavailable, httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:
        return [critical(check, f"{url}: {exc}")]
    checks = body.get("checks") if isinstance(body, dict) else None
    if not checks:
        return [
            critical(check, f"{url}: answered {answer.status_code} and told nothing; may this account call?")
        ]
    return [
        (ok if c["status"] == PASSED else critical)(f"{check}:{c['name']}", f"{c['detail']}, {c['ms']} ms")
        for c in checks
    ]


def _token_for(url: str) -> IdTokenAuth | None:
    """A token for a service elsewhere; it never travels in the clear."""
    parts = urlsplit(url)
    if is_loopback(parts.hostname or ""):
        return None
    if parts.scheme != "https":
        raise Unavailable("wanted https, or a service on this machine")
    return IdTokenAuth(f"https://{parts.netloc}")
