"""Starts local-bigquery without a network; run by the stand-ins' own Python, not by the product's.

DuckDB loads extensions from ``$HOME/.duckdb`` and downloads those it misses, so they are put there
first; and the zone that local-bigquery asks for while connecting needs one of them, so it is set after.
"""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

EXTENSIONS = ("ducklake", "spatial")
WANTED = {"local-bigquery": "0.4.0", "duckdb": "1.5.5"}

connect_as_asked = duckdb.connect


def connect(*args: Any, config: dict[str, Any] | None = None, **more: Any) -> duckdb.DuckDBPyConnection:
    first = dict(config or {})
    zone = first.pop("TimeZone", None)
    connection = connect_as_asked(*args, config=first, **more)
    connection.execute("LOAD ducklake")
    if zone:
        connection.execute(f"SET GLOBAL TimeZone = '{zone}'")
    return connection


def place_extensions() -> None:
    ((platform,),) = duckdb.sql("PRAGMA platform").fetchall()
    folder = Path.home() / ".duckdb" / "extensions" / f"v{duckdb.__version__}" / platform
    folder.mkdir(parents=True, exist_ok=True)
    for name in EXTENSIONS:
        package = Path(str(importlib.import_module(f"duckdb_extension_{name}").__file__)).parent
        (source,) = package.glob(f"extensions/*/{name}.duckdb_extension")
        link = folder / source.name
        if not link.exists():
            link.symlink_to(source)


def main() -> None:
    found = {name: version(name) for name in WANTED}
    if found != WANTED:
        sys.exit(f"This launcher was made for {WANTED}, found {found}: run make emulators")
    place_extensions()
    duckdb.connect = connect
    importlib.import_module("local_bigquery.cli").main()


if __name__ == "__main__":
    main()
