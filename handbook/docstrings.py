"""What stands under the fields of a class and at the head of a module, read from the source."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path


def of_fields(class_: type) -> dict[str, str]:
    """The string below each annotated field of a class itself, not of its bases."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(class_))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(tree.body, [*tree.body[1:], ast.Pass()], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            found[field.target.id] = _text(below)
    return found


def _text(below: ast.stmt) -> str:
    if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
        return inspect.cleandoc(str(below.value.value))
    return ""


def of_module(path: Path) -> str:
    """The first sentence at the head of a module, without its full stop."""
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = " ".join(told.split("\n\n")[0].split())
    return first.split(". ")[0].removesuffix(".")
