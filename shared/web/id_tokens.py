"""Google's ID tokens: parsing and verification."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from cachetools import TLRUCache

from shared.errors import Forbidden, Unauthenticated, Unavailable

LEEWAY = 30.0
"""Largest accepted difference in seconds between the issuer's clock and ours."""

MAX_CACHED_TOKENS = 1024
FETCH_SECONDS, RETRY_SECONDS = 5.0, 5.0
MIN_CACHE_SECONDS, MAX_CACHE_SECONDS, GRACE_SECONDS = 60.0, 24 * 3600.0, 3600.0
ALGORITHM = "RS256"


class Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str = ""


class Claims(msgspec.Struct, frozen=True):
    """The claims that are checked; a token with a claim of another type is refused."""

    iss: str
    aud: str | list[str]
    exp: float
    iat: float
    nbf: float = 0.0
    email: str | None = None
    email_verified: bool = False


@dataclass(frozen=True)
class TokenPolicy:
    """Accepted audiences, emails and issuers of tokens."""

    audiences: frozenset[str]
    emails: frozenset[str]
    issuers: frozenset[str]


class Certificates:
    """PEM certificates by key id, cached for as long as their server allows; one thread at a time fetches.

    If a fetch fails, the cached certificates are valid for one more hour and the next attempt follows after
    five seconds.
    """

    def __init__(self, url: str, now: Callable[[], float] = time.monotonic) -> None:
        self._url, self._now = url, now
        self._lock = threading.Lock()
        self._certificates_by_key: Mapping[str, str] = {}
        self._fresh_until = self._usable_until = self._retry_at = 0.0
        self._failure = ""

    def __call__(self) -> Mapping[str, str]:
        """Return the certificates; ``Unavailable`` if none are valid."""
        with self._lock:
            now = self._now()
            if now >= self._fresh_until and now >= self._retry_at:
                self._refresh(now)
            if now >= self._usable_until:
                raise Unavailable(self._failure)
            return self._certificates_by_key

    def _refresh(self, now: float) -> None:
        try:
            self._certificates_by_key, max_age = _fetch(self._url)
        except Unavailable as exc:
            self._failure, self._retry_at = str(exc), now + RETRY_SECONDS
            return
        self._fresh_until = now + max_age
        self._usable_until = self._fresh_until + GRACE_SECONDS


class TokenVerifier:
    """Verifies tokens. Without ``certificates`` it does not check the signature: a proxy has done it.

    An accepted token is cached until it expires, so that verifying the next push costs only a hash.
    """

    def __init__(self, token_policy: TokenPolicy, certificates: Certificates | None) -> None:
        self._trust, self._certificates = token_policy, certificates
        self._accepted = TLRUCache[bytes, tuple[str, float]](
            MAX_CACHED_TOKENS, lambda _digest, accepted, _now: accepted[1], timer=time.time
        )

    async def __call__(self, token: str) -> str:
        """Return the caller's email. ``Unauthenticated`` for an invalid token, ``Forbidden`` for an account
        that is not permitted, ``Unavailable`` without certificates."""
        digest = hashlib.sha256(token.encode()).digest()
        with suppress(KeyError):
            return self._accepted[digest][0]
        header, claims = parse_token(token)
        check_claims(claims, self._trust, time.time())
        if self._certificates is not None:
            await asyncio.to_thread(check_signature, token, header, self._certificates)
        email = permitted_email(claims, self._trust.emails)
        self._accepted[digest] = email, claims.exp + LEEWAY
        return email


def parse_token(token: str) -> tuple[Header, Claims]:
    """Return header and claims of a token, without verification."""
    parts = token.split(".")
    if len(parts) != 3:
        raise Unauthenticated(f"token of {len(parts)} parts, expected 3")
    try:
        header, claims = (base64.b64decode(p + "=" * (-len(p) % 4), "-_", validate=True) for p in parts[:2])
        return msgspec.json.decode(header, type=Header), msgspec.json.decode(claims, type=Claims)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError) as exc:
        raise Unauthenticated("the token is not a JSON web token with the claims of an ID token") from exc


def check_claims(claims: Claims, token_policy: TokenPolicy, now: float) -> None:
    """Check issuer, audience and times; all must be valid before the email is read."""
    if claims.iss not in token_policy.issuers:
        raise Unauthenticated("the issuer of the token is not trusted")
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if not token_policy.audiences.intersection(audiences):
        raise Unauthenticated("the token is for another audience")
    if now >= claims.exp + LEEWAY:
        raise Unauthenticated("the token has expired")
    if now < max(claims.iat, claims.nbf) - LEEWAY:
        raise Unauthenticated("the token is not valid yet")


def check_signature(token: str, header: Header, certificates: Certificates) -> None:
    """Check the signature by one fixed algorithm and a published key, never by the token's own choice."""
    if header.alg != ALGORITHM:
        raise Unauthenticated(f"the token is not signed with {ALGORITHM}")
    certificate = certificates().get(header.kid)
    if certificate is None:
        raise Unauthenticated("the token is signed with a key that its issuer does not publish")
    # Imported here: only services that check signatures need it.
    from google.auth import jwt
    from google.auth.exceptions import GoogleAuthError

    try:
        jwt.decode(token, certs={header.kid: certificate}, clock_skew_in_seconds=int(LEEWAY))
    except (GoogleAuthError, ValueError) as exc:
        raise Unauthenticated("the signature of the token is invalid") from exc


def permitted_email(claims: Claims, emails: frozenset[str]) -> str:
    """Return the email; ``Forbidden`` if it is unverified or not permitted."""
    if not claims.email or not claims.email_verified:
        raise Forbidden("the token has no verified email")
    if claims.email not in emails:
        raise Forbidden(f"{claims.email} may not call this service")
    return claims.email


def _fetch(url: str) -> tuple[Mapping[str, str], float]:
    """Return the certificates by key id and for how many seconds they are valid."""
    import httpx

    try:
        response = httpx.get(url, timeout=FETCH_SECONDS).raise_for_status()
        certificates = msgspec.json.decode(response.content, type=dict[str, str])
    except (httpx.HTTPError, msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise Unavailable(f"certificates at {url}: {exc}") from exc
    max_age = _max_age(response.headers.get("cache-control", ""))
    return certificates, min(max(max_age, MIN_CACHE_SECONDS), MAX_CACHE_SECONDS)


def _max_age(cache_control: str) -> float:
    for directive in cache_control.split(","):
        name, _, seconds = directive.strip().partition("=")
        if name.lower() == "max-age" and seconds.isdigit():
            return float(seconds)
    return 0.0
