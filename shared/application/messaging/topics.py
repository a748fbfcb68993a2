"""The topics, and the attributes of every published message: its run and its trace."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from shared.observability import tracing
from shared.observability.tracing import Trace
from shared.ports import OutgoingMessage
from shared.schemas.messages import PredictionReady, PredictionRequest, PredictionsComplete, encode

START_TOPIC = "prediction-run-requested"
REQUEST_TOPIC = "prediction-request"
READY_TOPIC = "prediction-ready"
COMPLETE_TOPIC = "predictions-complete"
TOPICS = (START_TOPIC, REQUEST_TOPIC, READY_TOPIC, COMPLETE_TOPIC)

RunMessage = PredictionRequest | PredictionReady | PredictionsComplete


def to_outgoing(message: RunMessage, trace: Trace | None = None) -> OutgoingMessage:
    """Return the message to publish; the default for ``trace`` is the current trace."""
    return OutgoingMessage(encode(message), _attributes(message.run_id, trace or tracing.current()))


@lru_cache(maxsize=256)
def _attributes(run_id: str, trace: Trace | None) -> Mapping[str, str]:
    """Return read-only attributes, shared by all messages of a run and trace."""
    attributes = {"run_id": run_id}
    if trace is not None:
        attributes[tracing.TRACEPARENT] = trace.traceparent
    return MappingProxyType(attributes)
