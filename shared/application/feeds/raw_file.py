"""A file of a feed as it was received, parsed on demand."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, cast

import msgspec
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from shared.errors import Rejected

SHOWN = 8
"""Columns or keys that a message lists."""


class FeedError(Rejected):
    """A file, or a place in it, that cannot be read; the message names both and what was expected."""

    def __init__(self, file: str, came: str, expected: str, place: str = "") -> None:
        super().__init__(f"{file}: {f'{place}: ' if place else ''}{came}, expected {expected}")


@dataclass(frozen=True)
class RawFile:
    """Name and bytes of a file.

    ``day``: the date that the user or its name gives; ``player``: the player that the user names. Feeds that
    state them do not read these.
    """

    name: str
    body: bytes
    day: date | None = None
    player: str | None = None

    @cached_property
    def start(self) -> bytes:
        """The first bytes without a byte-order mark or leading blanks, enough to tell the format."""
        return self.body[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()

    @property
    def is_json(self) -> bool:
        return self.start[:1] in (b"{", b"[")

    @property
    def is_html(self) -> bool:
        return self.start[:1] == b"<"

    @property
    def is_pdf(self) -> bool:
        return self.start.startswith(b"%PDF-")

    @property
    def is_parquet(self) -> bool:
        return self.body[:4] == b"PAR1"

    @property
    def is_csv(self) -> bool:
        return (
            not (self.is_json or self.is_html or self.is_pdf or self.is_parquet) and b"\x00" not in self.start
        )

    @property
    def json_bytes(self) -> bytes:
        return self.body.removeprefix(b"\xef\xbb\xbf")

    @cached_property
    def json(self) -> Any:
        """The decoded JSON document; raises ``FeedError`` with the place of a syntax error."""
        return self._json_as(Any)

    @cached_property
    def json_parts(self) -> dict[str, msgspec.Raw] | list[msgspec.Raw]:
        """The values of a JSON object by key, or of a list, not decoded: cheap for a large file."""
        return cast(
            dict[str, msgspec.Raw] | list[msgspec.Raw],
            self._json_as(dict[str, msgspec.Raw] | list[msgspec.Raw]),
        )

    def _json_as(self, kind: Any) -> Any:
        try:
            return msgspec.json.decode(self.json_bytes, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise FeedError(
                self.name, f"invalid or truncated JSON ({exc})", "a complete JSON document"
            ) from exc

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of a JSON object, empty for any other file."""
        return frozenset(cast(dict[str, Any], self.json_parts)) if self.start[:1] == b"{" else frozenset()

    @cached_property
    def first_keys(self) -> frozenset[str]:
        """The keys of the first object of a JSON list, empty for any other file."""
        if self.start[:1] != b"[" or not self.json_parts:
            return frozenset()
        first = cast(list[msgspec.Raw], self.json_parts)[0]
        is_object = bytes(memoryview(first)[:1]) == b"{"
        return (
            frozenset(msgspec.json.decode(first, type=dict[str, msgspec.Raw])) if is_object else frozenset()
        )

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The column names of a CSV or tab-separated file, or of Parquet; empty for any other file."""
        if self.is_parquet:
            return tuple(self.parquet.column_names)
        if not self.is_csv:
            return ()
        first = self.start.split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
        return tuple(next(csv.reader([first], delimiter=self.delimiter), ()))

    @cached_property
    def delimiter(self) -> str:
        first = self.start.split(b"\n", 1)[0]
        return "\t" if first.count(b"\t") > first.count(b",") else ","

    def csv(self, encoding: str = "utf-8") -> pa.Table:
        """All columns as text, empty cells null; raises ``FeedError`` for lines of other lengths."""
        names = list(self.header)
        body = self.body.removeprefix(b"\xef\xbb\xbf")
        try:
            return pa_csv.read_csv(
                io.BytesIO(body),
                pa_csv.ReadOptions(encoding=encoding),
                pa_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
                ),
            )
        except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeDecodeError) as exc:
            detail = str(exc).splitlines()[0]
            raise FeedError(
                self.name, f"not a readable CSV file ({detail})", f"{len(names)} columns a line"
            ) from exc

    @cached_property
    def parquet(self) -> pa.Table:
        try:
            return pq.read_table(io.BytesIO(self.body))
        except (pa.ArrowException, OSError) as exc:
            detail = str(exc).splitlines()[0]
            raise FeedError(self.name, f"not a readable Parquet file ({detail})", "a complete file") from exc

    def need(self, columns: tuple[str, ...]) -> None:
        """Raise ``FeedError`` with every one of ``columns`` that the header lacks."""
        missing = [c for c in columns if c not in self.header]
        if missing:
            shown = ", ".join(self.header[:SHOWN]) + (" ..." if len(self.header) > SHOWN else "")
            raise FeedError(
                self.name, f"no column {', '.join(missing)}; the columns are {shown}", "all of them"
            )

    def described(self) -> str:
        """What the file seems to be, for a message on a file of no feed."""
        if not self.body.strip():
            return "empty"
        if self.is_html:
            return "an HTML page"
        if self.is_json:
            document = self.json
            if isinstance(document, dict):
                keys = sorted(document)
                return f"a JSON object with the keys {', '.join(keys[:SHOWN])}" + (
                    " ..." if len(keys) > SHOWN else ""
                )
            return f"a JSON list of {len(document)}"
        if self.is_pdf:
            return "a PDF document"
        names = self.header
        kind = "a Parquet file" if self.is_parquet else "a text file"
        return f"{kind} with the columns {', '.join(names[:SHOWN])}" + (" ..." if len(names) > SHOWN else "")
