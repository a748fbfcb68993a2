"""Rows on disk between reading and writing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa


@dataclass(frozen=True)
class Spill:
    """A table in an Arrow file, mapped into memory when it is read."""

    path: Path
    num_rows: int

    @staticmethod
    def write(path: Path, table: pa.Table) -> Spill:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table.combine_chunks())
        return Spill(path, table.num_rows)

    def read(self) -> pa.Table:
        with pa.memory_map(str(self.path)) as source:
            return pa.ipc.open_file(source).read_all()
