"""Fetches from a host on the loopback interface: what is asked, stored, imported and refused."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.application.fetching.fetch import FetchFeed, FetchResult, stored_files
from shared.application.fetching.http_client import FeedClient
from shared.application.fetching.settings import FetchSettings
from shared.application.importing.import_files import ImportFiles
from shared.domain.vocabulary import FeedKind
from shared.embedded.clock import FixedClock
from shared.embedded.raw_store import DirectoryRawStore
from shared.errors import Rejected
from tests.feeds.nba_files import box, game, player, schedule
from tests.feeds.test_injury_report import OUT, draw
from tests.fetching.host import Answer, Host, serving
from tests.importing.games import World
from tests.importing.test_import_files import BOX, GAMES, QUOTES, odds

KEY = "a1b2c3d4secret"
DAY = date(2025, 3, 15)
BEFORE = datetime(2025, 3, 15, 16, tzinfo=UTC)
AFTER = datetime(2025, 3, 16, 12, tzinfo=UTC)
SCHEDULE, BOX_SCORE = "/stats/scheduleleaguev2", "/stats/boxscoretraditionalv3"
EVENTS = "/v4/sports/basketball_nba/events"
EVENT = "0" * 32


class Fetches:
    """Fetches into a new warehouse and raw store; no test waits."""

    def __init__(self, root: Path, host: Host) -> None:
        self.world = World(root)
        self.host, self.raw, self.pauses = host, DirectoryRawStore(root / "raw"), list[float]()
        self.settings: dict[str, Any] = {"odds_api_key": KEY}

    def __call__(
        self, kind: FeedKind, now: datetime = AFTER, day: date = DAY, budget: int | None = None
    ) -> FetchResult:
        self.world.clock = FixedClock(now)
        urls = dict.fromkeys(("odds_api_url", "nba_stats_url", "injury_report_url"), self.host.url)
        settings = FetchSettings(**(urls | self.settings))
        client = FeedClient(0.0, sleep=self.pauses.append, jitter=lambda: 1.0)
        run = FetchFeed(self.world.warehouse, self.world.clock, self.raw, settings, client)
        return run(kind, day, budget)

    def names(self) -> list[str]:
        return [f.entry.name for f in stored_files(self.raw, date(2020, 1, 1), date(2030, 1, 1))]


@pytest.fixture
def host() -> Iterator[Host]:
    with serving() as found:
        found.answer(SCHEDULE, Answer(schedule(game()).body))
        found.answer(BOX_SCORE, Answer(box(player(201939, "Stephen Curry", "G")).body))
        events = [{"id": EVENT, "commence_time": "2025-03-16T00:40:00Z"}]
        found.answer(EVENTS, Answer(json.dumps(events).encode()))
        quota = {"x-requests-remaining": "480", "x-requests-last": "1"}
        found.answer(
            f"{EVENTS}/{EVENT}/odds", Answer(odds("Stephen Curry", (25.5, -110, -120)).body, headers=quota)
        )
        yield found


@pytest.fixture
def fetch(host: Host, tmp_path: Path) -> Fetches:
    return Fetches(tmp_path, host)


def test_the_schedule_is_asked_for_as_nba_api_does_stored_and_imported(fetch: Fetches, host: Host) -> None:
    result = fetch(FeedKind.SCHEDULE)
    assert host.asked == [(SCHEDULE, {"LeagueID": "00", "Season": "2024-25"})]
    assert "nba.com" in host.headers[0]["referer"]
    assert (len(result.stored), result.is_complete) == (1, True)
    (file,) = stored_files(fetch.raw, DAY, DAY)
    assert file.read().body == schedule(game()).body
    assert fetch.world.rows(GAMES, ["nba_game_id"]) == [("0022400974",)]


def test_box_scores_are_those_of_finished_games(fetch: Fetches, host: Host) -> None:
    assert fetch(FeedKind.BOX_SCORES).stored == ()
    fetch(FeedKind.SCHEDULE)
    result = fetch(FeedKind.BOX_SCORES)
    assert host.asked[-1][1]["GameID"] == "0022400974"
    assert [r.read for r in result.imported] == [{"player_game_summary": 1}]
    assert fetch.world.rows(BOX, ["player_id", "points"]) == [(201939, 13)]


def test_the_same_response_is_stored_once(fetch: Fetches, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    first, second = fetch(FeedKind.SCHEDULE), fetch(FeedKind.SCHEDULE)
    assert (len(first.stored), second.stored, second.unchanged) == (1, (), 1)
    assert len(fetch.names()) == 1
    events = [r.event for r in caplog.records if hasattr(r, "event")]
    assert events == ["feed_stored", "feed_empty"]


def test_odds_show_the_quota_and_the_key_is_nowhere(
    fetch: Fetches, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    fetch.world.clock = FixedClock(AFTER)
    fetch.world.add(schedule(game()), box(player(201939, "Stephen Curry", "G")))
    result = fetch(FeedKind.ODDS, BEFORE)
    assert (result.spent, result.remaining, result.is_complete) == (1, 480, True)
    assert fetch.world.rows(QUOTES, ["player_id", "points_line"]) == [(201939, 25.5)]
    assert all(KEY not in record.getMessage() for record in caplog.records)
    assert KEY not in str(result)
    assert all(KEY.encode() not in p.read_bytes() for p in (tmp_path / "raw").rglob("*") if p.is_file())
    assert fetch.host.asked[-1][1] == {
        "apiKey": KEY, "dateFormat": "iso", "regions": "us", "markets": "player_points", "oddsFormat": "american",
    }  # fmt: skip


def test_the_key_is_in_no_message_of_a_failure(fetch: Fetches, host: Host) -> None:
    host.answer(EVENTS, Answer(b'{"message": "bad key"}', 401))
    (refused,) = fetch(FeedKind.ODDS, BEFORE).refused
    assert "apiKey=..." in refused
    assert "status 401, expected 200" in refused
    assert KEY not in refused


def test_without_a_key_nothing_is_asked(fetch: Fetches, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ODDS_API_KEY", raising=False)
    fetch.settings = {}
    with pytest.raises(Rejected, match="ODDS_API_KEY is not set, expected"):
        fetch(FeedKind.ODDS, BEFORE)
    assert host.asked == []


def test_the_budget_stops_before_it_is_spent(fetch: Fetches, host: Host) -> None:
    result = fetch(FeedKind.ODDS, BEFORE, budget=0)
    assert host.paths() == [EVENTS]
    assert result.stopped == ("1 of 1 events not fetched: 0 of 0 credits are spent",)
    assert not result.is_complete


def test_what_is_left_of_the_plan_stops_too(fetch: Fetches, host: Host) -> None:
    events = [{"id": EVENT, "commence_time": "2025-03-16T00:40:00Z"}]
    host.answer(EVENTS, Answer(json.dumps(events).encode(), headers={"x-requests-remaining": "0"}))
    assert fetch(FeedKind.ODDS, BEFORE).stopped == (
        "1 of 1 events not fetched: 0 of 60 credits are spent, 0 left of the plan",
    )


def test_a_past_date_uses_historical_odds_at_ten_credits(fetch: Fetches, host: Host) -> None:
    base = EVENTS.replace("/v4/", "/v4/historical/")
    events = {
        "timestamp": "2025-03-15T21:00:00Z",
        "data": [{"id": EVENT, "commence_time": "2025-03-16T00:40:00Z"}],
    }
    host.answer(base, Answer(json.dumps(events).encode(), headers={"x-requests-last": "1"}))
    envelope = {"timestamp": "2025-03-16T00:30:00Z", "data": odds("Stephen Curry", (25.5, -110, -120)).json}
    host.answer(
        f"{base}/{EVENT}/odds", Answer(json.dumps(envelope).encode(), headers={"x-requests-last": "10"})
    )
    late = datetime(2025, 3, 20, tzinfo=UTC)
    fetch(FeedKind.SCHEDULE, late)
    assert fetch(FeedKind.ODDS, late, budget=10).stopped != ()
    result = fetch(FeedKind.ODDS, late, budget=11)
    assert (result.spent, result.stopped) == (11, ())
    assert host.asked[-1][1]["date"] == "2025-03-16T00:30:00Z"


def test_the_newest_injury_report_is_found_by_its_name(fetch: Fetches, host: Host) -> None:
    day = date(2024, 1, 4)
    now = datetime(2024, 1, 4, 17, 50, tzinfo=UTC)
    start = {"gameDateTimeEst": "2024-01-04T20:00:00Z", "gameDateTimeUTC": "2024-01-05T01:00:00Z"}
    teams = {"homeTeam": {"teamTricode": "SAS"}, "awayTeam": {"teamTricode": "MIL"}}
    fetch.world.add(schedule(game("0022300477", gameStatus=1, **start, **teams)))
    host.answer("/referee/injury/Injury-Report_2024-01-04_12PM.pdf", Answer(draw([OUT])))
    result = fetch(FeedKind.INJURIES, now, day)
    assert [p.rsplit("_", 2)[-1] for p in host.paths()] == ["45PM.pdf", "30PM.pdf", "12PM.pdf"]
    assert [r.read for r in result.imported] == [{"nbac_injury_report": 1}]
    assert (len(result.stored), result.refused) == (1, ())


def test_no_report_is_no_failure(fetch: Fetches, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    result = fetch(FeedKind.INJURIES, BEFORE)
    assert (result.stored, result.is_complete) == ((), True)
    assert [r.event for r in caplog.records if hasattr(r, "event")] == ["feed_empty"]


BUSY = Answer(b"wait", 429, {"retry-after": "7"})
FAILS = Answer(b"oops", 500)


def test_a_busy_or_failing_host_is_asked_again_later(fetch: Fetches, host: Host) -> None:
    host.answer(SCHEDULE, BUSY, FAILS, Answer(schedule(game()).body))
    assert fetch(FeedKind.SCHEDULE).is_complete
    assert fetch.pauses == [7.0, 2.0]


def test_a_host_that_keeps_failing_is_given_up(fetch: Fetches, host: Host) -> None:
    host.answer(SCHEDULE, FAILS)
    result = fetch(FeedKind.SCHEDULE)
    assert (len(host.asked), fetch.pauses) == (4, [1.0, 2.0, 4.0])
    assert [r.endswith("status 500, expected 200") for r in result.refused] == [True]
    assert fetch.names() == []


def test_a_connection_that_ends_early_is_tried_again(fetch: Fetches, host: Host) -> None:
    body = schedule(game()).body
    host.answer(SCHEDULE, Answer(body, cut=True), Answer(body))
    assert fetch(FeedKind.SCHEDULE).is_complete


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<html><body>Access denied</body></html>", "an HTML page, expected"),
        (schedule(game()).body[:200], "invalid or truncated JSON"),
        (schedule(game()).body.replace(b"gameStatus", b"status"), "no field gameStatus, expected"),
    ],
)
def test_a_response_that_cannot_be_read_is_stored_and_reported(
    body: bytes, text: str, fetch: Fetches, host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    host.answer(SCHEDULE, Answer(body))
    result = fetch(FeedKind.SCHEDULE)
    assert [text in r for r in result.refused] == [True]
    assert [f.read().body for f in stored_files(fetch.raw, DAY, DAY)] == [body]
    assert fetch.world.rows(GAMES, ["game_id"]) == []
    refused = [r for r in caplog.records if getattr(r, "event", "") == "feed_refused"]
    assert [r.levelname for r in refused] == ["ERROR"]


def test_one_bad_response_does_not_keep_the_good_ones_out(fetch: Fetches, host: Host) -> None:
    later = game(
        "0022400975", homeTeam={"teamTricode": "BOS", "score": 1}, awayTeam={"teamTricode": "MIA", "score": 2}
    )
    host.answer(SCHEDULE, Answer(schedule(game(), later).body))
    fetch(FeedKind.SCHEDULE)
    host.answer(BOX_SCORE, Answer(box(player(201939, "Stephen Curry", "G")).body), Answer(b"<html>"))
    result = fetch(FeedKind.BOX_SCORES)
    assert (len(result.stored), len(result.refused)) == (2, 1)
    assert fetch.world.rows(BOX, ["player_id"]) == [(201939,)]


def test_stored_responses_are_imported_again_after_an_alias(fetch: Fetches) -> None:
    fetch.world.add(schedule(game(gameStatus=1)))
    result = fetch(FeedKind.ODDS, BEFORE)
    assert [r.unresolved for r in result.imported] == [1]
    fetch.world.clock = FixedClock(AFTER)
    fetch.world.add(schedule(game()), box(player(201939, "Stephen Curry", "G")))
    files = stored_files(fetch.raw, DAY, DAY, "odds-api")
    assert ImportFiles(fetch.world.warehouse, fetch.world.clock)(files).unresolved == 0
    assert fetch.world.rows(QUOTES, ["player_id"]) == [(201939,)]
