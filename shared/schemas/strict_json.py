"""JSON in which a repeated field is refused."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from shared.domain.game_dates import shorten
from shared.errors import Malformed, Rejected

MAX_VALUE_LENGTH = 60


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON text.

    ``Malformed`` for text that is not JSON, ``Rejected`` for an object with a repeated field, which is
    ambiguous. NaN and Infinity are accepted here: the model refuses them, with the name of the field.
    """
    try:
        return json.loads(body.decode(), object_pairs_hook=_unique)
    except UnicodeDecodeError as exc:
        raise Malformed(f"body: byte {exc.start} is not UTF-8, expected JSON") from exc
    except RecursionError as exc:
        raise Malformed("body: nested too deeply, expected JSON") from exc
    except ValueError as exc:
        raise Malformed(f"body: {exc}; expected JSON") from exc


def refuse_repeated(location: str, names: list[str]) -> None:
    """Raise ``Rejected`` if a name is given more than once."""
    if len(set(names)) < len(names):
        repeated = next(name for name, count in Counter(names).items() if count > 1)
        raise Rejected(f"{location}: {shorten(repeated)} is given twice, expected once")


def cut(text: str) -> str:
    """Return the part of an invalid value that a response repeats."""
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}..."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    refuse_repeated("body", [name for name, _ in pairs])
    return dict(pairs)
