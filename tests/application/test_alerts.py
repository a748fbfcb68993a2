from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.alerting.webhook import AlertSettings, Webhook
from shared.application.operations.alerts import SendAlerts
from shared.domain.findings import Finding, critical, info, ok, warning
from shared.embedded.documents import SqliteDocuments
from shared.embedded.locks import FileLocks
from shared.errors import Rejected, Unavailable
from tests.conftest import DAY
from tests.services.local_server import LocalServer

SECRET = "T0/B0/not-for-logs"
NO_ROWS = critical("predictions:catboost_v9", "0 rows for 104 expected players", "props predict --dates D")
OLD_QUOTES = warning("freshness:quotes", "latest is of yesterday", "props load DIR")
FINE = [ok("schedule", "6 scheduled"), info("signal", "none")]


@pytest.fixture
def receiver() -> Iterator[LocalServer]:
    with LocalServer(b"ok").running() as server:
        yield server


class Told:
    """One who validates, with a receiver that is real."""

    def __init__(self, folder: Path, receiver: LocalServer) -> None:
        self.receiver = receiver
        self.documents = SqliteDocuments(folder / "documents.sqlite")
        self.tell = SendAlerts(
            Webhook(f"{receiver.url}/{SECRET}"), self.documents, FileLocks(folder / "locks")
        )

    def __call__(self, *findings: Finding, day: date = DAY) -> dict[str, Any] | None:
        """The message that this validation sends, if it sends one."""
        before = len(self.receiver.bodies)
        sent = self.tell(day, [*FINE, *findings])
        arrived = self.receiver.bodies[before:]
        assert sent == bool(arrived)
        assert len(arrived) <= 1
        return json.loads(arrived[0]) if arrived else None


@pytest.fixture
def told(tmp_path: Path, receiver: LocalServer) -> Told:
    return Told(tmp_path, receiver)


def test_what_is_bad_is_one_message_for_people_and_programs(told: Told, receiver: LocalServer) -> None:
    sent = told(OLD_QUOTES, NO_ROWS)
    assert sent is not None
    assert sent["text"].splitlines() == [
        "Daily validation of 2025-03-19: CRITICAL, 2 findings",
        "CRITICAL predictions:catboost_v9 (new): 0 rows for 104 expected players",
        "    props predict --dates D",
        "WARNING freshness:quotes (new): latest is of yesterday",
        "    props load DIR",
    ]
    assert (sent["severity"], sent["game_date"], sent["resolved"]) == ("CRITICAL", "2025-03-19", [])
    assert sent["findings"][1] == {
        "check": "predictions:catboost_v9",
        "severity": "CRITICAL",
        "evidence": "0 rows for 104 expected players",
        "remedy": "props predict --dates D",
    }
    assert receiver.asked[0]["content-type"] == "application/json"


def test_a_date_without_anything_bad_tells_nobody(told: Told) -> None:
    assert told() is None


def test_the_same_findings_are_told_once_whatever_their_evidence_counts(told: Told) -> None:
    assert told(OLD_QUOTES)
    assert told(OLD_QUOTES) is None
    assert told(warning(OLD_QUOTES.check, "latest is of last week")) is None


def test_each_game_date_is_told_by_itself(told: Told) -> None:
    assert told(OLD_QUOTES)
    assert told(OLD_QUOTES, day=date(2025, 3, 20))


def test_what_is_new_is_told_beside_what_still_is(told: Told) -> None:
    told(OLD_QUOTES)
    sent = told(OLD_QUOTES, NO_ROWS)
    assert sent is not None
    assert [line[:25] for line in sent["text"].splitlines() if "(new)" in line] == [
        "CRITICAL predictions:catb"
    ]
    assert "WARNING freshness:quotes: latest" in sent["text"]


def test_what_got_worse_is_told_and_what_got_better_is_not(told: Told) -> None:
    worse = critical(OLD_QUOTES.check, "nothing at all")
    told(OLD_QUOTES)
    sent = told(worse)
    assert sent is not None
    assert "CRITICAL freshness:quotes (worse): nothing at all" in sent["text"]
    assert told(OLD_QUOTES) is None
    assert told(worse) is None


def test_what_is_gone_is_told_once_and_is_new_when_it_comes_back(told: Told) -> None:
    told(OLD_QUOTES, NO_ROWS)
    sent = told(OLD_QUOTES)
    assert sent is not None
    assert sent["text"].splitlines()[-1] == "resolved: predictions:catboost_v9, was CRITICAL"
    assert (sent["severity"], sent["resolved"]) == ("WARNING", ["predictions:catboost_v9"])
    last = told()
    assert last is not None
    assert last["text"].startswith("Daily validation of 2025-03-19: OK, 1 resolved\n")
    assert (last["severity"], last["findings"]) == ("OK", [])
    assert told() is None
    assert told(NO_ROWS)


def test_two_findings_of_one_name_count_as_the_worse(told: Told) -> None:
    sent = told(OLD_QUOTES, critical(OLD_QUOTES.check, "and another"), OLD_QUOTES)
    assert sent is not None
    assert [f["severity"] for f in sent["findings"]] == ["CRITICAL"]


def test_a_long_message_is_cut_for_people_and_whole_for_programs(told: Told) -> None:
    sent = told(*(warning(f"check:{i}", "x" * 1000) for i in range(25)))
    assert sent is not None
    assert sent["text"].endswith("…\nand 5 more")
    assert len(sent["text"]) < 8000
    assert len(sent["findings"]) == 25
    assert len(sent["findings"][24]["evidence"]) == 1000


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_the_receiver_does_not_take_is_told_the_next_time(
    told: Told, receiver: LocalServer, status: int
) -> None:
    receiver.status, receiver.headers = status, {"location": f"{receiver.url}/elsewhere"}
    with pytest.raises(Unavailable, match=f"127.0.0.1:\\d+: answered {status}, expected 2xx") as failed:
        told(NO_ROWS)
    assert SECRET not in str(failed.value)
    assert len(receiver.bodies) == 1
    receiver.status, receiver.headers = 204, {}
    sent = told(NO_ROWS)
    assert sent is not None
    assert "(new)" in sent["text"]
    assert told(NO_ROWS) is None


def test_a_receiver_that_is_down_is_unavailable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    tell = SendAlerts(
        Webhook(f"http://127.0.0.1:{port}/{SECRET}"),
        SqliteDocuments(tmp_path / "documents.sqlite"),
        FileLocks(tmp_path),
    )
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}: ConnectError") as failed:
        tell(DAY, [NO_ROWS])
    assert SECRET not in repr(failed.value)
    assert failed.value.__suppress_context__


def test_a_receiver_that_trickles_is_given_up_in_time() -> None:
    over = threading.Event()

    def trickle(server: socket.socket) -> None:
        caller, _ = server.accept()
        with caller:
            for letter in b"HTTP/1.1 200 OK\r\n" * 100:
                if over.wait(0.02):
                    return
                caller.send(bytes([letter]))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=trickle, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}"
        with pytest.raises(Unavailable, match="no answer within 0 s"):
            Webhook(url, seconds=0.2).send({})
        over.set()
        thread.join()


def test_two_validations_at_once_send_once(told: Told, receiver: LocalServer) -> None:
    receiver.delay = 0.2
    sent: list[bool] = []
    threads = [threading.Thread(target=lambda: sent.append(told.tell(DAY, [NO_ROWS]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == [False, False, False, True]
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize(
    ("url", "came"),
    [
        ("http://hooks.example.com/" + SECRET, "http to hooks.example.com"),
        ("ftp://127.0.0.1/" + SECRET, "ftp to 127.0.0.1"),
        (SECRET, "no scheme to no host"),
        ("https:///" + SECRET, "(no scheme|https) to no host"),
        ("https://[::1/" + SECRET, "no scheme to no host"),
        ("https://host:port/" + SECRET, "no scheme to no host"),
    ],
)
def test_an_address_in_the_clear_is_refused_without_showing_it(url: str, came: str) -> None:
    with pytest.raises(Rejected, match=f"ALERT_WEBHOOK_URL: {came}, expected https") as refused:
        Webhook(url)
    assert SECRET not in str(refused.value)


def test_the_address_is_a_secret_of_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", f"https://hooks.example.com/{SECRET}")
    settings = AlertSettings()
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()}"
    assert settings.webhook() is not None
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "")
    assert AlertSettings().webhook() is None
    monkeypatch.delenv("ALERT_WEBHOOK_URL")
    assert AlertSettings().webhook() is None
