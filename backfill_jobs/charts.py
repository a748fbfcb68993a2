"""Charts as SVG inside a page, without a network."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any


def keep_cache_in(folder: Path) -> None:
    """Store matplotlib's font cache in this folder, not in the home folder; call before the first figure."""
    os.environ.setdefault("MPLCONFIGDIR", str(folder.resolve() / "matplotlib"))


def figure(width: float = 6.4, height: float = 4.2) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    new_figure = Figure(figsize=(width, height), layout="constrained")
    return new_figure, new_figure.subplots()


def svg(figure: Any) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
