"""ID tokens for requests to services that authenticate their callers."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any

import httpx
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2.id_token import fetch_id_token_credentials

from shared.errors import Unavailable


class IdTokenAuth(httpx.Auth):
    """Adds an ID token of this process's account for ``audience`` to every request.

    The account is the service account in the cloud, or that of GOOGLE_APPLICATION_CREDENTIALS. A token is
    reused until shortly before it expires; one thread at a time refreshes it.
    """

    def __init__(self, audience: str) -> None:
        self._audience = audience
        self._credentials: Any = None
        self._lock = threading.Lock()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token()}"
        yield request

    def _token(self) -> str:
        """Return a valid token; ``Unavailable`` without an account or a response."""
        with self._lock:
            try:
                request = Request()
                if self._credentials is None:
                    self._credentials = fetch_id_token_credentials(self._audience, request=request)
                if not self._credentials.valid:
                    self._credentials.refresh(request)
            except GoogleAuthError as exc:
                raise Unavailable(f"no ID token for {self._audience}: {exc}") from exc
            return str(self._credentials.token)
