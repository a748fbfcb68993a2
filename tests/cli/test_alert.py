from __future__ import annotations

import json
from pathlib import Path

from shared.embedded.sample_league import DEMO_NOW
from tests.application.worlds import copy_of
from tests.cli.test_props import props
from tests.conftest import DAY
from tests.services.local_server import LocalServer

SECRET = "not-for-logs"


def test_an_alert_is_sent_once_and_never_decides_the_exit_code(loaded: Path, tmp_path: Path) -> None:
    home = copy_of(loaded, tmp_path / "home")
    now = DEMO_NOW.isoformat()
    command = ("validate-daily", "--date", DAY.isoformat(), "--alert", "--json")

    unset = props(home, *command, PROPS_NOW=now, ALERT_WEBHOOK_URL="")
    assert (unset.returncode, "alert" in json.loads(unset.stdout)) == (2, False)
    assert "ALERT_WEBHOOK_URL is not set, no alert is sent" in unset.stderr

    with LocalServer().running() as receiver:
        url = f"{receiver.url}/{SECRET}"
        for status, became, said in (
            (503, "failed", "answered 503"),
            (200, "sent", ""),
            (200, "no news", ""),
        ):
            receiver.status = status
            ended = props(home, *command, PROPS_NOW=now, ALERT_WEBHOOK_URL=url)
            assert (ended.returncode, json.loads(ended.stdout)["alert"]) == (2, became)
            assert said in ended.stderr
            assert SECRET not in ended.stderr + ended.stdout
        assert len(receiver.bodies) == 2
        assert json.loads(receiver.bodies[1])["severity"] == "CRITICAL"

    clear = props(home, *command, PROPS_NOW=now, ALERT_WEBHOOK_URL=f"http://example.com/{SECRET}")
    assert (clear.returncode, clear.stdout) == (1, "")
    assert "http to example.com, expected https" in clear.stderr
