"""Limits of Pub/Sub for message attributes; both publishers enforce them."""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.game_dates import shorten
from shared.errors import Rejected

MAX_ATTRIBUTES, MAX_KEY_BYTES, MAX_VALUE_BYTES = 100, 256, 1024
RESERVED_PREFIX = "goog"
"""Keys that start with this, in any case, belong to the broker."""


def check_attributes(attributes: Mapping[str, str]) -> None:
    """Raise ``Rejected`` with the first attribute that cannot be published, and the reason."""
    if len(attributes) > MAX_ATTRIBUTES:
        raise Rejected(f"attributes: {len(attributes)}, expected at most {MAX_ATTRIBUTES}")
    for key, value in attributes.items():
        _check_key(key)
        if not isinstance(value, str):
            raise Rejected(f"attribute {shorten(key)}: {type(value).__name__}, expected text")
        if _size(key, value) > MAX_VALUE_BYTES:
            raise Rejected(
                f"attribute {shorten(key)}: value of {_size(key, value)} bytes, "
                f"expected at most {MAX_VALUE_BYTES}"
            )


def _check_key(key: object) -> None:
    if not isinstance(key, str):
        raise Rejected(f"attribute {shorten(str(key))}: name is not text")
    if not key:
        raise Rejected("attribute '': expected a name")
    if _size(key, key) > MAX_KEY_BYTES:
        raise Rejected(f"attribute {shorten(key)}: name of more than {MAX_KEY_BYTES} bytes")
    if key.lower().startswith(RESERVED_PREFIX):
        raise Rejected(f"attribute {shorten(key)}: names that start with {RESERVED_PREFIX!r} are reserved")


def _size(key: str, text: str) -> int:
    """Return the size in bytes as UTF-8; ``Rejected`` for a lone surrogate, which UTF-8 cannot encode."""
    try:
        return len(text.encode())
    except UnicodeEncodeError as exc:
        raise Rejected(f"attribute {shorten(key)}: not valid Unicode") from exc
