"""The SQL files beside this module, each read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from shared.ports import Statement


def statement(name: str, /, **params: Any) -> Statement:
    """The statement of ``queries/<name>.sql`` with its named parameters."""
    return Statement(_text(name), params)


@cache
def _text(name: str) -> str:
    return files("shared.warehouse").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")
