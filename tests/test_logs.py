from __future__ import annotations

import io
import logging
from datetime import date, datetime

from shared.application.messaging import events
from shared.observability import tracing
from shared.observability.logging import configure_logging
from shared.observability.tracing import Trace
from tests.conftest import Logged


def test_a_line_has_what_cloud_logging_reads(logged: Logged) -> None:
    with tracing.use(Trace("a" * 32, "b" * 16)):
        events.log(events.RunStarted("run-1", date(2025, 3, 19), "LIVE", 3, 2, 0.01))
    (line,) = logged()
    assert line["severity"] == "INFO"
    assert line["message"] == "run started: 2 jobs for 3 expected players"
    assert datetime.fromisoformat(line["time"]).tzinfo is not None
    assert (line["service"], line["revision"], line["commit"]) == ("test", "local", "abc123")
    assert line["logging.googleapis.com/trace"] == f"projects/a-project/traces/{'a' * 32}"
    assert line["logging.googleapis.com/spanId"] == "b" * 16
    assert (line["run_id"], line["game_date"], line["jobs"]) == ("run-1", "2025-03-19", 2)


def test_a_failure_is_logged_with_its_stack_on_one_line(logged: Logged) -> None:
    try:
        raise KeyError("what went wrong")
    except KeyError:
        logging.getLogger("uvicorn.error").exception("it failed")
    (line,) = logged()
    assert line["severity"] == "ERROR"
    assert "Traceback" in line["exception"]
    assert "what went wrong" in line["exception"]
    assert "trace" not in line


def test_talkative_libraries_are_heard_from_warnings_on(logged: Logged) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST http://127.0.0.1/")
    logging.getLogger("httpx").warning("slow")
    assert [line["message"] for line in logged()] == ["slow"]


def test_without_a_project_the_trace_stands_by_itself_and_a_terminal_gets_text(logged: Logged) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    plain, terminal = io.StringIO(), Terminal()
    with tracing.use(Trace("a" * 32, "b" * 16)):
        configure_logging("test", "abc123", None, plain)
        logging.getLogger("props").info("hello")
        configure_logging("test", "abc123", None, terminal)
        logging.getLogger("props").info("hello")
    assert f'"trace": "{"a" * 32}"' in plain.getvalue()
    assert terminal.getvalue().endswith("INFO    test: hello\n")
    assert logged() == []


def test_how_bad_an_end_is_decides_the_severity(logged: Logged) -> None:
    for state in ("COMPLETE", "PARTIAL", "FAILED"):
        events.log(
            events.RunEnded(
                "r", date(2025, 3, 19), "LIVE", state, "note", {"predicted": 1}, 0, 0, 1, 0, 1.0, 0.1
            )
        )
    events.log(events.ModelAlarm(["catboost_v9 serves a, the champion is b"]))
    events.log(events.ModelAlarm([]))
    assert [line["severity"] for line in logged()] == ["INFO", "WARNING", "ERROR", "ERROR", "INFO"]
