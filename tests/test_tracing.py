from __future__ import annotations

import pytest

from shared.observability import tracing
from shared.observability.tracing import Trace

ID, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_a_traceparent_is_read_and_written_back() -> None:
    for text in (f"00-{ID}-{SPAN}-01", f"00-{ID}-{SPAN}-00"):
        found = tracing.parse(text)
        assert found is not None
        assert (found.trace_id, found.span_id, found.traceparent) == (ID, SPAN, text)
    later = tracing.parse(f"cc-{ID}-{SPAN}-01-what-the-future-brings")
    assert later == Trace(ID, SPAN)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "x",
        f"ff-{ID}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{ID}-{'0' * 16}-01",
        f"00-{ID.upper()}-{SPAN}-01",
        f"00-{ID}-{SPAN}-01-more",
        f"00-{ID}-{SPAN}-01\n",
    ],
)
def test_what_is_no_trace_is_not_carried_on(text: str | None) -> None:
    assert tracing.parse(text) is None


def test_googles_header_gives_its_span_in_hexadecimal() -> None:
    assert tracing.parse_cloud_header(f"{ID}/4660;o=1") == Trace(ID, "0000000000001234")
    unsampled = tracing.parse_cloud_header(f"{ID}/1;o=0")
    assert unsampled is not None
    assert not unsampled.sampled
    without_span = tracing.parse_cloud_header(ID)
    assert without_span is not None
    assert tracing.parse(without_span.traceparent) == without_span
    assert tracing.parse_cloud_header("no trace") is None


def test_w3cs_header_wins_over_googles_and_without_either_a_trace_begins() -> None:
    google = (b"x-cloud-trace-context", f"{'a' * 32}/1".encode())
    assert tracing.from_headers([google, (b"traceparent", f"00-{ID}-{SPAN}-01".encode())]) == Trace(ID, SPAN)
    assert tracing.from_headers([(b"traceparent", b"broken"), google]).trace_id == "a" * 32
    begun, other = tracing.from_headers([]), tracing.from_headers([])
    assert tracing.parse(begun.traceparent) == begun
    assert begun != other


def test_a_messages_trace_wins_over_that_of_the_request_that_brings_it() -> None:
    own = {"traceparent": f"00-{ID}-{SPAN}-01"}
    with tracing.use(Trace("b" * 32, "c" * 16)):
        assert tracing.from_message(own) == Trace(ID, SPAN)
        assert tracing.from_message({}) == Trace("b" * 32, "c" * 16)
    assert tracing.from_message({}) is tracing.current() is None
