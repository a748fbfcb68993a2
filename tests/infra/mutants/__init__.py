"""Small mistakes, each of which a rule must notice: what a file says, and what it says wrongly.

A file of mutants is a TOML list of ``[[mutant]]`` with ``name``, ``file`` (from the repository's root), ``old``
and ``new`` text, and ``says``: what the rule that notices it says.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.infra.install import ROOT


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    old: str
    new: str
    says: str

    def __str__(self) -> str:
        return self.name

    def text(self, root: Path = ROOT) -> str:
        """The file with the mistake in it; ``ValueError`` where the old text does not stand in it once."""
        whole = (root / self.file).read_text(encoding="utf-8")
        if whole.count(self.old) != 1:
            raise ValueError(
                f"{self.name}: {self.file} has {self.old!r} {whole.count(self.old)} times, expected 1"
            )
        return whole.replace(self.old, self.new)

    def apply(self, root: Path) -> Path:
        """Make the mistake in a copy of the repository or of a part of it."""
        path = root / self.file
        path.write_text(self.text(root), encoding="utf-8")
        return path


def load(name: str) -> list[Mutant]:
    content = tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))
    return [Mutant(**fields) for fields in content["mutant"]]
