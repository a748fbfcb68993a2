"""Reference page of the JSON that the commands print, from its declared types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_type_hints

from msgspec import inspect

from backfill_jobs.cli.json_output.commands import JSON_OUTPUT
from docs_tools import markdown
from docs_tools.reference.type_names import LISTS, OBJECTS, key_title, type_name

Row = tuple[str, str, str]

ABOUT = """\
With `--json` a command prints one object on standard output; `props bench` prints a list. Progress and
warnings go to standard error. The exit code is the same as without `--json`. Dates and instants are ISO 8601,
instants with their zone. New versions may add keys, but never rename them.

A table lists every key. `findings[].check` is the key `check` of each object in the list `findings`. A word
in capitals stands for names: `number for each SYSTEM` is an object whose keys are the ids of systems, and
`systems.SYSTEM.mae` is the key `mae` of the object of each system. A key that is `optional` may be missing;
all others are always present."""


def page() -> str:
    return markdown.page("JSON of the commands", ABOUT, *(_command(*item) for item in JSON_OUTPUT.items()))


def _command(name: str, declared: Any) -> str:
    first = next(n for n, type_ in JSON_OUTPUT.items() if type_ is declared)
    if first != name:
        return f"## {name}\n\nThe same as [{first}](#{first.replace(' ', '-')})."
    kind = inspect.type_info(declared)
    table = markdown.table(("key", "type", "meaning"), list(keys(kind)))
    return markdown.section(name, _meaning(kind), table)


def keys(kind: inspect.Type, path: str = "") -> Iterator[Row]:
    """Yield the rows of the keys inside a value at ``path``; none for a value without keys of its own."""
    match kind:
        case inspect.Metadata():
            yield from keys(kind.type, path)
        case inspect.UnionType():
            for part in kind.types:
                yield from keys(part, path)
        case inspect.DictType():
            yield from keys(kind.value_type, f"{path}.{key_title(kind)}")
    if isinstance(kind, LISTS):
        yield from keys(kind.item_type, f"{path}[]")
    if isinstance(kind, OBJECTS):
        fields = {field.encode_name: field for field in kind.fields}
        names = get_type_hints(kind.cls) if isinstance(kind, inspect.TypedDictType) else fields
        for field in map(fields.__getitem__, names):  # msgspec sorts the keys of a TypedDict
            key = f"{path}.{field.encode_name}".removeprefix(".")
            is_optional = isinstance(kind, inspect.TypedDictType) and not field.required
            type_ = type_name(field.type) + (", optional" if is_optional else "")
            yield markdown.code(key), type_, _meaning(field.type)
            yield from keys(field.type, key)


def _meaning(kind: inspect.Type) -> str:
    """Return the description of a field, or the docstring of the class behind it."""
    match kind:
        case inspect.Metadata():
            return str((kind.extra_json_schema or {}).get("description", ""))
        case inspect.UnionType():
            return " ".join(filter(None, map(_meaning, kind.types)))
        case inspect.DictType():
            return _meaning(kind.value_type)
    if isinstance(kind, LISTS):
        return _meaning(kind.item_type)
    if not isinstance(kind, OBJECTS):
        return ""
    doc = markdown.plain(kind.cls.__doc__)
    return "" if doc.startswith(f"{kind.cls.__name__}(") else re.sub(r"\bNone\b", "null", doc)
