"""Messages that can never succeed."""

from __future__ import annotations

import random

import msgspec

from shared.application.messaging.topics import READY_TOPIC, REQUEST_TOPIC
from shared.schemas.messages import PredictionReady, PredictionRequest, encode

DEEP = b'{"deep": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"

RAW = (b"", b"not json", b"\xff\xfe", b"[]", b'{"message": 1}', b'{"message": {"data": "%%%"}}', DEEP)
"""Bodies whose envelope cannot be read."""

ANYWHERE = (b"", b"not json", b"null", b"\xff", b'{"schema_version": 2}', b'{"run_id": 1}', DEEP)
"""Payloads that are no message of any topic."""

OUTCOMES = (
    encode(PredictionReady(1, "no-such-run", "playera", "predicted", {})),
    b'{"schema_version":1,"run_id":"\\ud800","player_lookup":"x","outcome":"predicted","systems":{}}',
)
JOBS = (
    b'{"run_id": "no-such-run", "player_lookup": "playera", "features": [NaN]}',
    b'{"run_id": "r", "player_lookup": "\\ud800"}',
)


def draw(rng: random.Random) -> tuple[str, bytes, bool]:
    """Topic, payload, and whether it is a body without an envelope."""
    topic = rng.choice((REQUEST_TOPIC, READY_TOPIC))
    if rng.random() < 0.3:
        return topic, rng.choice(RAW), True
    of_topic = JOBS if topic == REQUEST_TOPIC else OUTCOMES
    return topic, rng.choice((*ANYWHERE, *of_topic)), False


def spoiled(job: PredictionRequest, rng: random.Random) -> bytes:
    """A real player's job that something has damaged on the way."""
    damaged = (
        {"features": job.features[:-1]},
        {"features": [99.0, *job.features[1:]]},
        {"feature_version": "v1"},
        {"systems": ["catboost_v7"]},
        {"game_date": "soon"},
        {"recent": [1.0]},
        {"schema_version": 2},
    )
    return encode(msgspec.structs.replace(job, **rng.choice(damaged)))
