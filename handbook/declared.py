"""Shapes of declared types, for JSON that a page cannot have printed, in the words of ``handbook.shapes``.

Types are what the code is checked against: typed dicts and dataclasses. ``Annotated[dict[str, X], "ID"]``
says what the keys of an object name.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Annotated, Any, Literal, NotRequired, Union

WORDS: dict[type, str] = {
    str: "text", int: "number", float: "number", bool: "true or false", type(None): "null",
}  # fmt: skip

ANYTHING = "any"


@dataclasses.dataclass(frozen=True)
class OrNull:
    """A shape in whose place null may stand."""

    shape: Any


def shape(of: Any) -> Any:
    """A dict by key, a list of one, or a type in words."""
    origin = typing.get_origin(of)
    if origin is Annotated:
        inner, name = typing.get_args(of)
        return {name: shape(typing.get_args(inner)[1])}
    if origin is NotRequired:
        return shape(typing.get_args(of)[0])
    if origin is list:
        return [shape(typing.get_args(of)[0])]
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in typing.get_args(of))
    if origin in (Union, types.UnionType):
        return _one_of([shape(part) for part in typing.get_args(of)])
    if typing.is_typeddict(of) or dataclasses.is_dataclass(of):
        return {name: shape(part) for name, part in _fields(of).items()}
    return ANYTHING if of is Any else WORDS[of]


def _one_of(parts: list[Any]) -> Any:
    """Types in words, or a shape that may be null."""
    wide = [p for p in parts if not isinstance(p, str)]
    return OrNull(wide[0]) if wide else " or ".join(dict.fromkeys(parts))


def _fields(of: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(of, include_extras=True)
    kept = [f.name for f in dataclasses.fields(of)] if dataclasses.is_dataclass(of) else list(hints)
    return {name: hints[name] for name in kept}


def misfits(value: Any, of: Any, at: str = "") -> list[str]:
    """Where a printed value is not of a type: a sentence for each key that is absent, too many or other."""
    origin, parts = typing.get_origin(of), typing.get_args(of)
    if origin is Annotated:
        return misfits(value, parts[0], at)
    if origin is NotRequired:
        return misfits(value, parts[0], at)
    if origin in (Union, types.UnionType):
        found = [misfits(value, part, at) for part in parts]
        return [] if [] in found else found[0]
    if origin is list and isinstance(value, list):
        return [told for i, one in enumerate(value) for told in misfits(one, parts[0], f"{at}[{i}]")]
    if origin is dict and isinstance(value, dict):
        return [told for key, one in value.items() for told in misfits(one, parts[1], f"{at}.{key}")]
    if (typing.is_typeddict(of) or dataclasses.is_dataclass(of)) and isinstance(value, dict):
        return _misfits_of_fields(value, of, at)
    if of is Any or (origin is Literal and value in parts):
        return []
    same = isinstance(of, type) and type(value) in ((int, float) if of is float else (of,))
    return [] if same else [f"{at or 'it'}: {value!r} is no {of}"]


def _misfits_of_fields(value: dict[str, Any], of: Any, at: str) -> list[str]:
    fields = _fields(of)
    found = [f"{at}.{key}: not declared" for key in value if key not in fields]
    for name, part in fields.items():
        if name in value:
            found += misfits(value[name], part, f"{at}.{name}")
        elif typing.get_origin(part) is not NotRequired:
            found.append(f"{at}.{name}: absent")
    return found
