"""Tokens for calls to services that ask who calls."""

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
    """Puts an ID token of this process's own account, made for ``audience``, on every request.

    The account is the one that runs the program in the cloud, or that of GOOGLE_APPLICATION_CREDENTIALS.
    A token serves until shortly before it expires; one thread at a time asks for the next.
    """

    def __init__(self, audience: str) -> None:
        self._audience = audience
        self._credentials: Any = None
        self._lock = threading.Lock()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token()}"
        yield request

    def _token(self) -> str:
        """``Unavailable`` where there is no account to ask for, or no answer."""
        with self._lock:
            try:
                ask = Request()
                if self._credentials is None:
                    self._credentials = fetch_id_token_credentials(self._audience, request=ask)
                if not self._credentials.valid:
                    self._credentials.refresh(ask)
            except GoogleAuthError as exc:
                raise Unavailable(f"no ID token for {self._audience}: {exc}") from exc
            return str(self._credentials.token)
