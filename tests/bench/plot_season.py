"""Draw ``season-scaling.svg`` from ``season-performance.json``: ``python -m tests.bench.plot_season``."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
WIDTH, HEIGHT, MARGIN, GAP = 860, 360, 56, 70
COLOURS = {"features": "#1b6ca8", "predictions": "#c8553d", "grading": "#3a7d44", "evaluation": "#7a4f9a"}


def axis(values: list[float]) -> tuple[float, float]:
    """Whole powers of ten around the values."""
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


class Panel:
    """A plot on logarithmic axes with its left edge at ``x``."""

    def __init__(self, x: float, title: str, points: dict[str, list[tuple[float, float]]]) -> None:
        self.x, self.width, self.height = x, (WIDTH - 2 * MARGIN - GAP) / 2, HEIGHT - 2 * MARGIN
        self.title, self.points = title, points
        every = [p for line in points.values() for p in line]
        self.across, self.up = axis([p[0] for p in every]), axis([p[1] for p in every])

    def place(self, rows: float, value: float) -> tuple[float, float]:
        (a, b), (c, d) = self.across, self.up
        right = self.x + self.width * (math.log10(rows) - a) / (b - a)
        return round(right, 1), round(MARGIN + self.height * (d - math.log10(value)) / (d - c), 1)

    def draw(self) -> list[str]:
        told = [f'<text x="{self.x}" y="{MARGIN - 22}" font-weight="bold">{self.title}</text>']
        for power in range(self.across[0], self.across[1] + 1):
            x, y = self.place(10**power, 10 ** self.up[0])
            told.append(f'<text x="{x}" y="{y + 18}" text-anchor="middle">{10**power:,}</text>')
        for power in range(self.up[0], self.up[1] + 1):
            x, y = self.place(10 ** self.across[0], 10**power)
            told.append(f'<line x1="{x}" y1="{y}" x2="{x + self.width}" y2="{y}" stroke="#ddd"/>')
            told.append(f'<text x="{x - 6}" y="{y + 4}" text-anchor="end">{10**power:,g}</text>')
        for step, line in self.points.items():
            at = [self.place(*p) for p in line]
            joined = " ".join(f"{x},{y}" for x, y in at)
            told.append(
                f'<polyline points="{joined}" fill="none" stroke="{COLOURS[step]}" stroke-width="2"/>'
            )
            told += [f'<circle cx="{x}" cy="{y}" r="3.5" fill="{COLOURS[step]}"/>' for x, y in at]
        return told


def svg(scaling: dict[str, dict[str, dict[str, Any]]]) -> str:
    def lines(value: str) -> dict[str, list[tuple[float, float]]]:
        return {
            step: [
                (of[step]["rows"], of[step][value]) for of in scaling.values() if of.get(step, {}).get("rows")
            ]
            for step in COLOURS
        }

    left = Panel(MARGIN, "CPU seconds by rows", lines("cpu_seconds"))
    right = Panel(MARGIN + left.width + GAP, "peak memory, MiB, by rows", lines("peak_mib"))
    legend = [
        f'<text x="{MARGIN + 130 * i}" y="{HEIGHT - 6}" fill="{colour}">{step}</text>'
        for i, (step, colour) in enumerate(COLOURS.items())
    ]
    body = "\n".join([*left.draw(), *right.draw(), *legend])
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
    return f'{head} font-size="12">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'


def main() -> None:
    found = json.loads((DOCS / "season-performance.json").read_text(encoding="utf-8"))
    (DOCS / "season-scaling.svg").write_text(svg(found["scaling"]), encoding="utf-8")


if __name__ == "__main__":
    main()
