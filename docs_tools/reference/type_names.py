"""Names of JSON types in plain words, from msgspec's view of Python types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import inspect

from docs_tools import markdown

OBJECTS = inspect.StructType, inspect.TypedDictType, inspect.DataclassType
LISTS = inspect.ListType, inspect.CollectionType, inspect.VarTupleType

NAMES: dict[type[inspect.Type], str] = {
    inspect.StrType: "text", inspect.IntType: "whole number", inspect.FloatType: "number",
    inspect.BoolType: "true or false", inspect.NoneType: "null", inspect.DateType: "date",
    inspect.DateTimeType: "instant with zone", inspect.AnyType: "any value",
}  # fmt: skip


def type_name(kind: inspect.Type, object_name: Callable[[Any], str] = lambda _: "object") -> str:
    """Return the name of a type; ``object_name`` gives that of a class with fields."""
    match kind:
        case inspect.Metadata():
            return type_name(kind.type, object_name)
        case inspect.LiteralType():
            return " or ".join(markdown.code(str(value)) for value in kind.values)
        case inspect.EnumType():
            return " or ".join(markdown.code(member.value) for member in kind.cls)
        case inspect.UnionType():
            return " or ".join(type_name(part, object_name) for part in kind.types)
        case inspect.DictType():
            return f"{type_name(kind.value_type, object_name)} for each {key_title(kind)}"
    if isinstance(kind, LISTS):
        item = type_name(kind.item_type, object_name)
        return f"list of {'objects' if item == 'object' else item}"
    return object_name(kind.cls) if isinstance(kind, OBJECTS) else NAMES[type(kind)]


def key_title(kind: inspect.DictType) -> str:
    """Return the word for the keys of a dict: the title of their type, else NAME."""
    schema = kind.key_type.extra_json_schema if isinstance(kind.key_type, inspect.Metadata) else None
    return str((schema or {}).get("title", "NAME"))
