"""A model bundle: ``NAME.cbm`` beside ``NAME.manifest.json``, named by what is in it."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import msgspec

from shared.errors import Rejected


class GoldenRow(msgspec.Struct, frozen=True):
    """A feature row (null where missing) and the very number the model gives for it."""

    features: list[float | None]
    expected: float


class HitRate(msgspec.Struct, frozen=True):
    """``rate`` 0-1 of ``n`` decided picks with its 95 % interval, None for n = 0."""

    n: int
    rate: float | None
    low: float | None
    high: float | None


class Metrics(msgspec.Struct, frozen=True):
    """Errors in points over ``n`` rows that came after the training rows.

    The others are of the ``line_n`` rows with a line: mean(predicted - line), the model's and the line's
    own error, and hit rates by least edge.
    """

    n: int
    mae: float
    bias: float
    line_n: int = 0
    line_bias: float | None = None
    lined_mae: float | None = None
    line_mae: float | None = None
    hit: dict[str, HitRate] = {}
    always_under: HitRate | None = None


class Reference(msgspec.Struct, frozen=True):
    """How a feature was distributed in training: inner deciles, share of each bin, share missing."""

    edges: list[float]
    shares: list[float]
    missing: float


class Manifest(msgspec.Struct, frozen=True):
    """What a bundle says of its model; dates are inclusive."""

    name: str
    system_id: str
    sha256: str
    feature_names: list[str]
    train_start: date
    train_end: date
    train_rows: int
    eval_start: date
    eval_end: date
    metrics: Metrics
    trees: int
    seed: int
    thread_count: int
    trend_sign: str
    libraries: dict[str, str]
    golden: list[GoldenRow]
    git_commit: str | None = None
    reference: dict[str, Reference] = {}


def bundle_name(system_id: str, train_end: date, sha256: str) -> str:
    return f"{system_id}-{train_end:%Y%m%d}-{sha256[:8]}"


def experiment_id(m: Manifest) -> str:
    """The same for the same windows and the same model."""
    dates = [d.isoformat() for d in (m.train_start, m.train_end, m.eval_start, m.eval_end)]
    return hashlib.sha256(json.dumps([m.system_id, *dates, m.sha256]).encode()).hexdigest()[:16]


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(folder: Path, model: bytes, manifest: Manifest) -> Path:
    """Write both files, the model last, each whole or not at all; gives the model's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{manifest.name}.cbm"
    _replace(manifest_path(path), msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    _replace(path, model)
    return path


def manifest_path(model: Path) -> Path:
    return model.with_suffix(".manifest.json")


def parse_manifest(text: bytes, path: str) -> Manifest:
    try:
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        raise Rejected(f"{path}: not a model manifest ({exc})") from exc


def _replace(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
