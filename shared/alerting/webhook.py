"""Alerts by a webhook: a message is posted as JSON to one address."""

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

SECONDS = 5.0


class AlertSettings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    alert_webhook_url: SecretStr | None = None
    """Where ``--alert`` of ``props validate-daily`` posts its findings, ``https://...`` or http on this
    machine; its path is a secret and is never shown. Unset: nobody is told. What runs in the network of
    ``infra/`` has no way to the internet, and is heard through Cloud Monitoring's channels instead
    (``job-failed``)."""

    def webhook(self) -> Webhook | None:
        return Webhook(self.alert_webhook_url.get_secret_value()) if self.alert_webhook_url else None


class Webhook:
    """Posts once, follows no redirect, and takes any 2xx for yes; ``Rejected`` for an address in the clear.

    What it says of a failure names the receiver's host and never the rest of the address.
    """

    def __init__(self, url: str, seconds: float = SECONDS) -> None:
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
            raise Unavailable(f"{self._host}: answered {status}, wanted 2xx")

    async def _post(self, message: Mapping[str, Any]) -> int:
        """httpx's own limits are for each read, so that one that trickles would never end."""
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
        came = f"{parts.scheme or 'no scheme'} to {host or 'no host'}"
        raise Rejected(f"ALERT_WEBHOOK_URL: {came}, wanted https, or http to this machine")
    return f"ALERT_WEBHOOK_URL at {host}" + (f":{port}" if port else "")
