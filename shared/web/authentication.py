"""Authentication of callers: this machine only, or accounts with a valid ID token."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import AppError, Forbidden, Unauthenticated
from shared.web.id_tokens import Certificates, TokenPolicy, TokenVerifier
from shared.web.problems import error_response, problem_responses

GOOGLE_CERTS = "https://www.googleapis.com/oauth2/v1/certs"
PUBLIC_PATHS = frozenset({"/health", "/ready"})
"""Paths that need no authentication."""


@dataclass(frozen=True)
class AuthPolicy:
    """How a service authenticates callers. Without ``token_policy`` it serves this machine only.

    ``token_headers`` are read in this order, the first present one counts. ``certs_url`` is None if a proxy
    has already checked the signature.
    """

    token_policy: TokenPolicy | None = None
    token_headers: tuple[bytes, ...] = (b"authorization",)
    certs_url: str | None = None


LOOPBACK_ONLY = AuthPolicy()


class AuthSettings(BaseSettings):
    """Who may call. Missing or contradictory values stop the start."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    auth: Literal["loopback", "iam", "oidc"] = "loopback"
    """``loopback``: this machine only; ``iam``: behind Cloud Run, which checks the signature;
    ``oidc``: anywhere, the service makes every check itself."""

    auth_audiences: str = ""
    """Comma-separated accepted audiences of a token: the service's URLs."""

    auth_emails: str = ""
    """Comma-separated accounts that may call."""

    auth_issuers: str = "https://accounts.google.com,accounts.google.com"
    """Comma-separated trusted issuers."""

    auth_certs_url: str = GOOGLE_CERTS
    """URL of the issuer's certificates for ``oidc``: Google's, or one on this machine for tests."""

    bind_host: str = ""
    """Address to listen on; unset is 127.0.0.1 for ``loopback`` and 0.0.0.0 for the others."""

    k_service: str | None = None
    """Set by Cloud Run; ``iam`` is refused without it, since only Cloud Run checks the signatures."""

    @property
    def host(self) -> str:
        return self.bind_host or ("127.0.0.1" if self.auth == "loopback" else "0.0.0.0")

    def auth_policy(self) -> AuthPolicy:
        if self.auth == "loopback":
            return LOOPBACK_ONLY
        lists = (self.auth_audiences, self.auth_emails, self.auth_issuers)
        token_policy = TokenPolicy(*(frozenset(_split_list(text)) for text in lists))
        if self.auth == "oidc":
            return AuthPolicy(token_policy, certs_url=self.auth_certs_url)
        # If both headers are sent, Cloud Run checks only this one, so the other cannot be trusted.
        return AuthPolicy(token_policy, (b"x-serverless-authorization", b"authorization"))

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        if self.auth == "loopback":
            if not is_loopback(self.host):
                raise ValueError(
                    f"BIND_HOST {self.host}: AUTH=loopback has no authentication, expected 127.0.0.1"
                )
            return self
        for name in ("auth_audiences", "auth_emails", "auth_issuers"):
            if not _split_list(getattr(self, name)):
                raise ValueError(f"{name.upper()} is empty, AUTH={self.auth} needs at least one")
        if self.auth == "iam" and not self.k_service:
            raise ValueError("AUTH=iam works on Cloud Run only, which checks the signatures; expected oidc")
        url = urlsplit(self.auth_certs_url)
        is_local = url.scheme == "http" and is_loopback(url.hostname or "")
        if self.auth_certs_url != GOOGLE_CERTS and not is_local:
            raise ValueError(f"AUTH_CERTS_URL {self.auth_certs_url}: expected {GOOGLE_CERTS}")
        return self


def protect(app: FastAPI, auth_policy: AuthPolicy) -> None:
    """Require authentication on every path except ``PUBLIC_PATHS``, and document it in OpenAPI."""
    if auth_policy.token_policy is None:
        app.add_middleware(LoopbackMiddleware)
        return
    certificates = Certificates(auth_policy.certs_url) if auth_policy.certs_url else None
    verify = TokenVerifier(auth_policy.token_policy, certificates)
    app.add_middleware(BearerAuthMiddleware, verify=verify, headers=auth_policy.token_headers)
    _document_authentication(app)


def is_authorised(request: Request) -> bool:
    """Return whether the caller is authenticated, which a public path does not require."""
    return "caller" in request.scope


class BearerAuthMiddleware:
    """ASGI middleware that admits requests with a token that ``verify`` accepts."""

    def __init__(self, app: ASGIApp, verify: TokenVerifier, headers: tuple[bytes, ...]) -> None:
        self._app, self._verify, self._headers = app, verify, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            try:
                scope["caller"] = await self._verify(_token(scope, self._headers))
            except AppError as exc:
                if scope["type"] != "http" or scope["path"] not in PUBLIC_PATHS:
                    await error_response(exc)(scope, receive, send)
                    return
        await self._app(scope, receive, send)


class LoopbackMiddleware:
    """ASGI middleware that refuses requests which a foreign web page makes a browser send.

    Listening on 127.0.0.1 is not enough: a page may post to it, and a domain that resolves to 127.0.0.1 makes
    the page same-origin. Browsers send the domain in Host and the page's origin in Origin.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "lifespan":
            error = _foreign_request_error(scope)
            if error is not None:
                return error_response(error)(scope, receive, send)
            scope["caller"] = "this machine"
        return self._app(scope, receive, send)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _foreign_request_error(scope: Scope) -> Forbidden | None:
    host, origin = b"", None
    for name, value in scope["headers"]:
        if name == b"host":
            host = value
        elif name == b"origin":
            origin = value
    if not _names_this_machine(host):
        return Forbidden("this service serves its own machine only, as localhost or 127.0.0.1")
    if origin is not None and origin != b"http://" + host:
        return Forbidden("this service accepts no requests from pages of other sites")
    return None


@lru_cache(maxsize=64)
def _names_this_machine(host: bytes) -> bool:
    try:
        return is_loopback(urlsplit(f"//{host.decode('latin-1')}").hostname or "")
    except ValueError:
        return False


def _token(scope: Scope, names: Iterable[bytes]) -> str:
    """Return the bearer token; ``Unauthenticated`` if it is missing or a header is sent twice."""
    for header_name in names:
        values = [value for name, value in scope["headers"] if name == header_name]
        if len(values) == 1 and values[0][:7].lower() == b"bearer ":
            return str(values[0][7:].strip().decode("latin-1"))
        if values:
            raise Unauthenticated(f"{header_name.decode()}: expected one bearer token")
    raise Unauthenticated("no token, expected an ID token of an account that may call this service")


def _split_list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _document_authentication(app: FastAPI) -> None:
    """Add the token and the responses to unauthorised callers to the OpenAPI document."""
    build_document = app.openapi

    def openapi() -> dict[str, Any]:
        document = build_document()
        schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes["idToken"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        refusals = {str(status): entry for status, entry in problem_responses(401, 403, 503).items()}
        for path, operations in document["paths"].items():
            for operation in operations.values() if path not in PUBLIC_PATHS else ():
                operation["security"] = [{"idToken": []}]
                operation["responses"] = refusals | operation["responses"]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
