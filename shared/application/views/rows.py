"""Build the rows of views from rows of the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

View = TypeVar("View")


def from_columns(view: type[View], row: Mapping[str, Any], **values: Any) -> View:
    """Return a dataclass with ``values``; its other fields are the columns of the same names."""
    names = (f.name for f in fields(view) if f.name not in values)  # type: ignore[arg-type]
    return view(**{name: row[name] for name in names}, **values)
