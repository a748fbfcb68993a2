"""Types made from tables and dataclasses, and of keys, for the declaration of JSON output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, get_type_hints

from msgspec import Meta, defstruct

from shared.schemas.table import Table

SystemId = Annotated[str, Meta(title="SYSTEM")]
Reason = Annotated[str, Meta(title="REASON")]
Step = Annotated[str, Meta(title="STEP")]
"""The keys of a dict that are names; the reference shows the title for any of them."""


def struct(name: str, doc: str | None, /, **fields: Any) -> Any:
    """Return the type of an object with these fields and no others."""
    return defstruct(name, list(fields.items()), namespace={"__doc__": doc}, forbid_unknown_fields=True)


def row_of(table: Table, columns: Sequence[str] = (), **extra: Any) -> Any:
    """Return the type of a table's rows, or of some of their columns, with ``extra`` fields."""
    fields = {
        c.name: Annotated[c.python_type, Meta(description=c.meaning)]
        for c in table.columns
        if not columns or c.name in columns
    }
    return struct(
        "_".join((table.name, *columns, *extra)), f"A row of ``{table.full_name}``.", **fields | extra
    )


def variant(class_: type, doc: str | None = None, without: Sequence[str] = (), **changed: Any) -> Any:
    """Return the type of a dataclass that is printed without some fields or with other types of them."""
    fields = {name: hint for name, hint in get_type_hints(class_).items() if name not in without}
    return struct(class_.__name__, doc or class_.__doc__, **fields | changed)
