"""Charts as SVG inside a page, without a network."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any


def keep_cache_in(folder: Path) -> None:
    """Call before the first figure: matplotlib keeps a font cache in the home folder unless told where."""
    os.environ.setdefault("MPLCONFIGDIR", str(folder.resolve() / "matplotlib"))


def figure(width: float = 6.4, height: float = 4.2) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    return made, made.subplots()


def svg(figure: Any) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
