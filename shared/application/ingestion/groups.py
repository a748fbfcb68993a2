"""Rows grouped by the values of some columns: an expensive step is then done once for each group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.domain.arrays import Ints


@dataclass(frozen=True)
class Groups:
    """``of_row``: the group of each row, from 0; ``values``: of each group, in the order of the columns."""

    of_row: Ints
    values: list[tuple[Any, ...]]

    @property
    def indices(self) -> pa.Array:
        return pa.array(self.of_row)


def group_numbers(rows: pa.Table) -> Ints:
    """Number rows by their values; equal rows, nulls included, have the same number."""
    group = np.zeros(rows.num_rows, np.int64)
    if not rows.num_rows:  # pyarrow 26 cannot combine no chunks of a dictionary of dates
        return group
    for name in rows.column_names:
        coded = pc.dictionary_encode(rows[name], null_encoding="encode").combine_chunks()
        code = np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int64)
        _, group = np.unique(group * (len(coded.dictionary) + 1) + code, return_inverse=True)
    return group


def groups_of(rows: pa.Table, columns: Sequence[str]) -> Groups:
    """Group rows by ``columns``, in the order of first appearance; an absent column is null in every row."""
    present = [c for c in dict.fromkeys(columns) if c in rows.column_names]
    _, first, group = np.unique(group_numbers(rows.select(present)), return_index=True, return_inverse=True)
    order = np.argsort(first)
    group, first = np.argsort(order)[group], first[order]
    taken = rows.select(present).take(pa.array(first))
    nulls = [None] * len(first)
    values = [taken[c].to_pylist() if c in present else nulls for c in columns]
    return Groups(group, list(zip(*values, strict=True)) if columns else [])
