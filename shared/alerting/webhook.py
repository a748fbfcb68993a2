"""Alerts by webhook: posts a message as JSON to one URL."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import Rejected, Unavailable
from shared.web.authentication import is_loopback

TIMEOUT_SECONDS = 5.0


class AlertSettings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    alert_webhook_url: SecretStr | None = None
    """URL that ``--alert`` posts findings to, ``https://...`` or http on this
    machine; its path is a secret and is never shown. Unset: no alerts. Programs in the network of ``infra/``
    cannot reach the internet; there the channels of Cloud Monitoring alert (``job-failed``)."""

    def webhook(self) -> Webhook | None:
        return Webhook(self.alert_webhook_url.get_secret_value()) if self.alert_webhook_url else None


class Webhook:
    """Posts once, follows no redirect, accepts any 2xx; ``Rejected`` for a URL without encryption.

    Error messages name the receiver's host and never the rest of the URL.
    """

    def __init__(self, url: str, seconds: float = TIMEOUT_SECONDS) -> None:
        self._url, self._seconds = url, seconds
        self._host = _host_of(url)

    def send(self, message: Mapping[str, Any]) -> None:
        try:
            status = asyncio.run(self._post(message))
        except TimeoutError as exc:
            raise Unavailable(f"{self._host}: no answer within {self._seconds:.0f} s") from exc
        except httpx.HTTPError as exc:
            raise Unavailable(f"{self._host}: {type(exc).__name__}") from None
        if not 200 <= status < 300:
            raise Unavailable(f"{self._host}: answered {status}, expected 2xx")

    async def _post(self, message: Mapping[str, Any]) -> int:
        """Post within the timeout. httpx limits only each read, so a slow response could take forever."""
        async with asyncio.timeout(self._seconds), httpx.AsyncClient(timeout=None) as client:
            return (await client.post(self._url, json=message)).status_code


def _host_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        host, port, parts = None, None, urlsplit("")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        received = f"{parts.scheme or 'no scheme'} to {host or 'no host'}"
        raise Rejected(f"ALERT_WEBHOOK_URL: {received}, expected https, or http to this machine")
    return f"ALERT_WEBHOOK_URL at {host}" + (f":{port}" if port else "")
