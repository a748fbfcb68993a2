"""A model bundle: ``NAME.cbm`` and ``NAME.manifest.json``, named by system, training end and hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date

import msgspec

from shared.domain.statistics import Distribution
from shared.errors import Conflict, Rejected
from shared.ports import ModelStore


class GoldenRow(msgspec.Struct, frozen=True):
    """A feature row (null where missing) and the exact prediction of the model for it."""

    features: list[float | None]
    expected: float


class HitRate(msgspec.Struct, frozen=True):
    """Hit rate 0-1 of ``n`` decided picks with its 95 % interval, None for n = 0."""

    n: int
    rate: float | None
    low: float | None
    high: float | None


class Metrics(msgspec.Struct, frozen=True):
    """Errors in points over ``n`` rows later than the training rows.

    The other fields cover the ``line_n`` rows with a line: mean(predicted - line), the mean absolute errors
    of model and line, and hit rates by minimum edge.
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


class Manifest(msgspec.Struct, frozen=True):
    """Description of a bundle's model; dates are inclusive."""

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
    reference: dict[str, Distribution] = {}


def bundle_name(system_id: str, train_end: date, sha256: str) -> str:
    return f"{system_id}-{train_end:%Y%m%d}-{sha256[:8]}"


def experiment_id(m: Manifest) -> str:
    """Return an id that is equal for equal date windows and model."""
    dates = [d.isoformat() for d in (m.train_start, m.train_end, m.eval_start, m.eval_end)]
    return hashlib.sha256(json.dumps([m.system_id, *dates, m.sha256]).encode()).hexdigest()[:16]


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Bundle:
    """A stored bundle: the path of its model, and its manifest."""

    path: str
    manifest: Manifest


def write_bundle(store: ModelStore, folder: str, model: bytes, manifest: Manifest) -> Bundle:
    """Write both files to a folder or a ``gs://`` prefix, the model last.

    If the same model is stored already its manifest stays unchanged: it may have been evaluated on other
    dates.
    """
    path = f"{folder}/{manifest.name}.cbm"
    manifest_file = manifest_path(path)
    try:
        store.put(manifest_file, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    except Conflict:
        if read_bundle(store, path).manifest.sha256 != manifest.sha256:
            raise
    store.put(path, model)
    return Bundle(path, manifest)


def read_bundle(store: ModelStore, path: str) -> Bundle:
    """Return the bundle of the model at ``path``; ``NotFound`` if it has no manifest."""
    manifest_file = manifest_path(path)
    return Bundle(path, parse_manifest(store.fetch(manifest_file), manifest_file))


def manifest_path(model: str) -> str:
    return model.removesuffix(".cbm") + ".manifest.json"


def parse_manifest(text: bytes, path: str) -> Manifest:
    try:
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        raise Rejected(f"{path}: not a model manifest ({exc})") from exc
