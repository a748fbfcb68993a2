"""HTML pages as one file that loads nothing from the network."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2


def write(path: Path, package: str, template: str, **values: Any) -> None:
    """Render a template of a package and write it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = files(package).joinpath(template).read_text(encoding="utf-8")
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
    path.write_text(page.render(**values), encoding="utf-8")
