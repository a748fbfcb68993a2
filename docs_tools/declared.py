"""Shapes of declared types, for commands whose JSON output a page cannot record.

The types are typed dicts and dataclasses; the format is that of ``docs_tools.shapes``. In
``Annotated[dict[str, X], "ID"]`` the text names the keys of the object.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Annotated, Any, Literal, NotRequired, Union

TYPE_NAMES: dict[type, str] = {
    str: "text", int: "number", float: "number", bool: "true or false", type(None): "null",
}  # fmt: skip

ANYTHING = "any"


@dataclasses.dataclass(frozen=True)
class OrNull:
    """A shape or null."""

    shape: Any


def shape(type_: Any) -> Any:
    """Return the shape of a type: a dict by key, a list with one item, or a description."""
    origin = typing.get_origin(type_)
    if origin is Annotated:
        inner, name = typing.get_args(type_)
        return {name: shape(typing.get_args(inner)[1])}
    if origin is NotRequired:
        return shape(typing.get_args(type_)[0])
    if origin is list:
        return [shape(typing.get_args(type_)[0])]
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in typing.get_args(type_))
    if origin in (Union, types.UnionType):
        return _alternatives([shape(part) for part in typing.get_args(type_)])
    if typing.is_typeddict(type_) or dataclasses.is_dataclass(type_):
        return {name: shape(part) for name, part in _fields(type_).items()}
    return ANYTHING if type_ is Any else TYPE_NAMES[type_]


def _alternatives(parts: list[Any]) -> Any:
    """Return the alternatives as text, or a shape that may be null."""
    shapes = [p for p in parts if not isinstance(p, str)]
    return OrNull(shapes[0]) if shapes else " or ".join(dict.fromkeys(parts))


def _fields(type_: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(type_, include_extras=True)
    names = [f.name for f in dataclasses.fields(type_)] if dataclasses.is_dataclass(type_) else list(hints)
    return {name: hints[name] for name in names}


def type_errors(value: Any, type_: Any, path: str = "") -> list[str]:
    """Return a message for each key of a printed value that is missing, undeclared or of another type."""
    origin, parts = typing.get_origin(type_), typing.get_args(type_)
    if origin is Annotated:
        return type_errors(value, parts[0], path)
    if origin is NotRequired:
        return type_errors(value, parts[0], path)
    if origin in (Union, types.UnionType):
        errors_by_part = [type_errors(value, part, path) for part in parts]
        return [] if [] in errors_by_part else errors_by_part[0]
    if origin is list and isinstance(value, list):
        return [e for i, item in enumerate(value) for e in type_errors(item, parts[0], f"{path}[{i}]")]
    if origin is dict and isinstance(value, dict):
        return [e for key, item in value.items() for e in type_errors(item, parts[1], f"{path}.{key}")]
    if (typing.is_typeddict(type_) or dataclasses.is_dataclass(type_)) and isinstance(value, dict):
        return _field_errors(value, type_, path)
    if type_ is Any or (origin is Literal and value in parts):
        return []
    same = isinstance(type_, type) and type(value) in ((int, float) if type_ is float else (type_,))
    return [] if same else [f"{path or 'value'}: {value!r} is not of type {type_}"]


def _field_errors(value: dict[str, Any], type_: Any, path: str) -> list[str]:
    fields = _fields(type_)
    errors = [f"{path}.{key}: not declared" for key in value if key not in fields]
    for name, part in fields.items():
        if name in value:
            errors += type_errors(value[name], part, f"{path}.{name}")
        elif typing.get_origin(part) is not NotRequired:
            errors.append(f"{path}.{name}: missing")
    return errors
