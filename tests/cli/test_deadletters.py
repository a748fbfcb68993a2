from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from shared.embedded.broker.store import MessageStore
from tests.application.test_dead_letters import give_up
from tests.application.worlds import Jobs
from tests.cli.test_props import props
from tests.docs.json_commands import checked
from tests.embedded.test_broker import Sink, broker, until
from tests.jobs.test_kill import PROPS, command


def listed(home: Path) -> list[dict[str, Any]]:
    told = props(home, "deadletters", "list", "--json")
    assert told.returncode == 0, told.stderr
    messages: list[dict[str, Any]] = json.loads(told.stdout)["messages"]
    return messages


@pytest.mark.slow
def test_an_operator_lists_shows_and_replays(tmp_path: Path) -> None:
    store = MessageStore(tmp_path / "broker.sqlite")
    assert "no message failed" in props(tmp_path, "deadletters", "list").stdout
    for n in (1, 2):
        give_up(store, "prediction-request", json.dumps({"n": n}).encode(), run_id="20250319-a")
    first, second = listed(tmp_path)
    assert (first["topic"], first["attempts"], first["attributes"]) == (
        "prediction-request",
        8,
        {"run_id": "20250319-a"},
    )
    table = props(tmp_path, "deadletters", "list").stdout
    assert first["id"] in table
    assert "last answer 500" in table
    shown = checked(
        "props deadletters show", props(tmp_path, "deadletters", "show", first["id"], "--json").stdout
    )
    assert (shown["body"], shown["whole"]) == ({"n": 1}, True)
    assert '"n": 1' in props(tmp_path, "deadletters", "show", first["id"]).stdout
    one = props(tmp_path, "deadletters", "replay", first["id"])
    assert (one.returncode, one.stdout) == (0, f"replayed {first['id']} to prediction-request\n")
    rest = checked(
        "props deadletters replay", props(tmp_path, "deadletters", "replay", "--all", "--json").stdout
    )
    assert rest == {"replayed": [second["id"]], "failed": {}}
    assert "no dead letter is left" in props(tmp_path, "deadletters", "replay", "--all").stdout
    assert len(store.pending("prediction-request")) == 2
    assert all(m["replayed_at"] and m["replayed_by"] for m in listed(tmp_path))


def test_wrong_usage_and_unknown_ids_say_so(tmp_path: Path) -> None:
    for arguments in (["replay"], ["replay", "--all", "some-id"], ["list", "--days", "0"]):
        assert props(tmp_path, "deadletters", *arguments).returncode == 64
    unknown = props(tmp_path, "deadletters", "show", "nothing")
    assert (unknown.returncode, "no message 'nothing'" in unknown.stderr) == (1, True)


def test_a_kill_between_keeping_and_acknowledging_loses_nothing(tmp_path: Path) -> None:
    give_up(MessageStore(tmp_path / "broker.sqlite"), "prediction-request", b"job")
    killed = command(Jobs(tmp_path, {}), 2, PROPS, "deadletters", "list")
    assert killed == -signal.SIGKILL
    (message,) = listed(tmp_path)
    assert message["replayed_at"] is None
    assert MessageStore(tmp_path / "broker.sqlite").counts()["prediction-request"]["kept"] == 1


@pytest.mark.slow
def test_a_kill_between_publishing_and_writing_down_replays_again(tmp_path: Path) -> None:
    store = MessageStore(tmp_path / "broker.sqlite")
    give_up(store, "prediction-request", b"job")
    listed(tmp_path)
    assert command(Jobs(tmp_path, {}), 1, PROPS, "deadletters", "replay", "--all") == -signal.SIGKILL
    assert props(tmp_path, "deadletters", "replay", "--all").stdout.startswith("replayed")
    assert len(store.pending("prediction-request")) == 2


@pytest.mark.slow
def test_a_replay_reaches_a_broker_that_runs_over_this_store_and_no_other(tmp_path: Path) -> None:
    answer = 500
    sink = Sink(lambda _: answer)
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    give_up(MessageStore(elsewhere / "broker.sqlite"), "jobs", b"other")
    try:
        with broker(here, sink.url, "--max-attempts", "2") as (url, _):
            from tests.embedded.test_broker import publish

            publish(url, [b"poison"])
            store = MessageStore(here / "broker.sqlite")
            assert until(lambda: store.dead_messages(1))
            answer = 204
            assert props(here, "deadletters", "replay", "--all", BROKER_URL=url).returncode == 0
            assert until(lambda: sink.got["poison"] == 3)
            assert until(
                lambda: store.counts()["jobs"] == {"pending": 0, "delivered": 1, "dead": 0, "kept": 1}
            )
            assert props(elsewhere, "deadletters", "replay", "--all", BROKER_URL=url).returncode == 0
            assert len(MessageStore(elsewhere / "broker.sqlite").pending("jobs")) == 1
            assert sink.got["other"] == 0
    finally:
        sink.close()
