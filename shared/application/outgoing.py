"""The topics, and what every published message carries beside its body: its run and its trace."""

from __future__ import annotations

from shared import tracing
from shared.ports import Outgoing
from shared.schemas.messages import PredictionReady, PredictionRequest, PredictionsComplete, encode
from shared.tracing import Trace

START_TOPIC = "prediction-run-requested"
REQUEST_TOPIC = "prediction-request"
READY_TOPIC = "prediction-ready"
COMPLETE_TOPIC = "predictions-complete"
TOPICS = (START_TOPIC, REQUEST_TOPIC, READY_TOPIC, COMPLETE_TOPIC)

RunMessage = PredictionRequest | PredictionReady | PredictionsComplete


def outgoing(message: RunMessage, trace: Trace | None = None) -> Outgoing:
    """The message as it is published; without ``trace`` under that of the work at hand."""
    trace = trace or tracing.current()
    attributes = {"run_id": message.run_id}
    if trace is not None:
        attributes[tracing.TRACEPARENT] = trace.traceparent
    return Outgoing(encode(message), attributes)
