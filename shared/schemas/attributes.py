"""What Pub/Sub allows of a message's attributes; both publishers refuse what it would refuse."""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.game_dates import shorten
from shared.errors import Rejected

MAX_ATTRIBUTES, MAX_KEY_BYTES, MAX_VALUE_BYTES = 100, 256, 1024
RESERVED_PREFIX = "goog"
"""Keys that begin so, in whatever case, are the broker's own."""


def check_attributes(attributes: Mapping[str, str]) -> None:
    """``Rejected`` names the attribute that cannot be published, and why."""
    if len(attributes) > MAX_ATTRIBUTES:
        raise Rejected(f"attributes: {len(attributes)}, wanted at most {MAX_ATTRIBUTES}")
    for key, value in attributes.items():
        _check_key(key)
        if not isinstance(value, str):
            raise Rejected(f"attribute {shorten(key)}: {type(value).__name__}, wanted text")
        if _size(key, value) > MAX_VALUE_BYTES:
            raise Rejected(
                f"attribute {shorten(key)}: value of {_size(key, value)} bytes, "
                f"wanted at most {MAX_VALUE_BYTES}"
            )


def _check_key(key: object) -> None:
    if not isinstance(key, str):
        raise Rejected(f"attribute {shorten(str(key))}: its name is no text")
    if not key:
        raise Rejected("attribute '': wanted a name")
    if _size(key, key) > MAX_KEY_BYTES:
        raise Rejected(f"attribute {shorten(key)}: name of more than {MAX_KEY_BYTES} bytes")
    if key.lower().startswith(RESERVED_PREFIX):
        raise Rejected(
            f"attribute {shorten(key)}: names that begin with {RESERVED_PREFIX!r} are the broker's own"
        )


def _size(key: str, text: str) -> int:
    """Bytes as UTF-8; ``Rejected`` for half a surrogate pair, which UTF-8 has no bytes for."""
    try:
        return len(text.encode())
    except UnicodeEncodeError as exc:
        raise Rejected(f"attribute {shorten(key)}: not valid Unicode") from exc
