"""Google's ID tokens: what one says of its bearer, and whether to believe it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from shared.errors import Forbidden, Unauthenticated, Unavailable

LEEWAY = 30.0
"""Seconds by which the issuer's clock and ours may differ."""

MAX_CACHED_TOKENS = 1024
FETCH_SECONDS, RETRY_SECONDS = 5.0, 5.0
MIN_CACHE_SECONDS, MAX_CACHE_SECONDS, GRACE_SECONDS = 60.0, 24 * 3600.0, 3600.0
ALGORITHM = "RS256"


class Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str = ""


class Claims(msgspec.Struct, frozen=True):
    """The claims that are looked at; a token in which one of them is of another type is refused."""

    iss: str
    aud: str | list[str]
    exp: float
    iat: float
    nbf: float = 0.0
    email: str | None = None
    email_verified: bool = False


@dataclass(frozen=True)
class TokenPolicy:
    """Whose tokens are believed, made for whom, and who may come in."""

    audiences: frozenset[str]
    emails: frozenset[str]
    issuers: frozenset[str]


class Certificates:
    """PEM certificates by key id, kept for as long as their server allows; one thread at a time fetches.

    When they cannot be fetched the last ones serve for an hour more, and the server is asked again
    at most every five seconds.
    """

    def __init__(self, url: str, now: Callable[[], float] = time.monotonic) -> None:
        self._url, self._now = url, now
        self._lock = threading.Lock()
        self._kept: Mapping[str, str] = {}
        self._fresh_until = self._usable_until = self._next_try = 0.0
        self._failure = ""

    def __call__(self) -> Mapping[str, str]:
        """``Unavailable`` when there are none to go by."""
        with self._lock:
            now = self._now()
            if now >= self._fresh_until and now >= self._next_try:
                self._renew(now)
            if now >= self._usable_until:
                raise Unavailable(self._failure)
            return self._kept

    def _renew(self, now: float) -> None:
        try:
            self._kept, age = _fetch(self._url)
        except Unavailable as exc:
            self._failure, self._next_try = str(exc), now + RETRY_SECONDS
            return
        self._fresh_until = now + age
        self._usable_until = self._fresh_until + GRACE_SECONDS


class TokenVerifier:
    """Says whose token it is. Without ``certificates`` the signature is for somebody else to check.

    A token that was believed once is known until it expires, so that a push costs a hash.
    """

    def __init__(self, token_policy: TokenPolicy, certificates: Certificates | None) -> None:
        self._trust, self._certificates = token_policy, certificates
        self._known: dict[bytes, tuple[str, float]] = {}

    async def __call__(self, token: str) -> str:
        """The bearer's email. ``Unauthenticated`` for a token not to be believed, ``Forbidden`` for
        somebody who may not come in, ``Unavailable`` when the certificates cannot be had."""
        digest = hashlib.sha256(token.encode()).digest()
        email, until = self._known.get(digest, ("", 0.0))
        if time.time() < until:
            return email
        header, claims = parse_token(token)
        check_claims(claims, self._trust, time.time())
        if self._certificates is not None:
            await asyncio.to_thread(check_signature, token, header, self._certificates)
        email = permitted_email(claims, self._trust.emails)
        self._remember(digest, email, claims.exp + LEEWAY)
        return email

    def _remember(self, digest: bytes, email: str, until: float) -> None:
        if len(self._known) >= MAX_CACHED_TOKENS:
            self._known.pop(next(iter(self._known)), None)
        self._known[digest] = (email, until)


def parse_token(token: str) -> tuple[Header, Claims]:
    """What a token says, believed or not."""
    parts = token.split(".")
    if len(parts) != 3:
        raise Unauthenticated(f"token of {len(parts)} parts, wanted 3")
    try:
        header, claims = (base64.b64decode(p + "=" * (-len(p) % 4), "-_", validate=True) for p in parts[:2])
        return msgspec.json.decode(header, type=Header), msgspec.json.decode(claims, type=Claims)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError) as exc:
        raise Unauthenticated("the token is not a JSON web token with the claims of an ID token") from exc


def check_claims(claims: Claims, token_policy: TokenPolicy, now: float) -> None:
    """Issuer, audience and times; all of it must be right before anybody asks who it is."""
    if claims.iss not in token_policy.issuers:
        raise Unauthenticated("the token is of an issuer who is not trusted here")
    made_for = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if not token_policy.audiences.intersection(made_for):
        raise Unauthenticated("the token was made for another audience")
    if now >= claims.exp + LEEWAY:
        raise Unauthenticated("the token has expired")
    if now < max(claims.iat, claims.nbf) - LEEWAY:
        raise Unauthenticated("the token is not valid yet")


def check_signature(token: str, header: Header, certificates: Certificates) -> None:
    """One algorithm, and a key that the issuer publishes; what the token proposes instead is not tried."""
    if header.alg != ALGORITHM:
        raise Unauthenticated(f"the token is not signed with {ALGORITHM}")
    certificate = certificates().get(header.kid)
    if certificate is None:
        raise Unauthenticated("the token is signed with a key that its issuer does not publish")
    # Only a service that checks signatures pays for what checks them.
    from google.auth import jwt
    from google.auth.exceptions import GoogleAuthError

    try:
        jwt.decode(token, certs={header.kid: certificate}, clock_skew_in_seconds=int(LEEWAY))
    except (GoogleAuthError, ValueError) as exc:
        raise Unauthenticated("the token's signature is wrong") from exc


def permitted_email(claims: Claims, emails: frozenset[str]) -> str:
    """The email, if it is one that may come in."""
    if not claims.email or not claims.email_verified:
        raise Forbidden("the token names no verified email")
    if claims.email not in emails:
        raise Forbidden(f"{claims.email} is not one who may call this service")
    return claims.email


def _fetch(url: str) -> tuple[Mapping[str, str], float]:
    """Certificates by key id, and for how many seconds they hold."""
    import httpx

    try:
        answer = httpx.get(url, timeout=FETCH_SECONDS).raise_for_status()
        found = msgspec.json.decode(answer.content, type=dict[str, str])
    except (httpx.HTTPError, msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise Unavailable(f"certificates at {url}: {exc}") from exc
    return found, min(
        max(_max_age(answer.headers.get("cache-control", "")), MIN_CACHE_SECONDS), MAX_CACHE_SECONDS
    )


def _max_age(cache_control: str) -> float:
    for directive in cache_control.split(","):
        name, _, seconds = directive.strip().partition("=")
        if name.lower() == "max-age" and seconds.isdigit():
            return float(seconds)
    return 0.0
