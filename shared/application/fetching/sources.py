"""What each fetch asks for: requests of a kind and a game date, one after the other.

A source yields each response as soon as it has it, so that it is stored before the next request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from shared.application.fetching.http_client import FeedClient, FetchFailed, Response
from shared.application.fetching.settings import FetchSettings
from shared.domain.instants import EASTERN
from shared.domain.team_names import season_start
from shared.domain.vocabulary import FeedKind
from shared.errors import Rejected


@dataclass(frozen=True)
class Fetched:
    """A response to store under ``feed``; ``slug`` says what it is. Only one with rows is imported.

    ``body`` is None for a response that was stored minutes ago and is not asked for again.
    """

    feed: str
    slug: str
    suffix: str
    body: bytes | None
    has_rows: bool = True


@dataclass
class Quota:
    """Credits of The Odds API: spent by this fetch, and what the last response said is left."""

    budget: int
    spent: int = 0
    remaining: int | None = None

    def may_spend(self, credits: int) -> bool:
        return self.spent + credits <= self.budget and (self.remaining is None or credits <= self.remaining)

    def read(self, headers: Mapping[str, str]) -> None:
        """Read ``x-requests-remaining`` and ``x-requests-last``."""
        remaining, last = headers.get("x-requests-remaining"), headers.get("x-requests-last")
        self.remaining = int(float(remaining)) if remaining else self.remaining
        self.spent += int(float(last)) if last else 0


@dataclass(frozen=True)
class Asked:
    """``now`` decides between live and historical odds; ``games``: ids of the date's finished games.

    ``fresh``: the feeds and slugs of responses that were stored minutes ago, by a fetch that was interrupted.
    """

    day: date
    now: datetime
    games: Sequence[str] = ()
    fresh: frozenset[tuple[str, str]] = frozenset()


@dataclass
class Source:
    """Requests with a client; ``stopped`` says why requests were left out."""

    client: FeedClient
    settings: FetchSettings
    quota: Quota
    stopped: list[str] = field(default_factory=list)


def schedule(source: Source, asked: Asked) -> Iterator[Fetched]:
    """The schedule of the season of the date."""
    first = season_start(asked.day.year, asked.day.month)
    season = f"{first}-{(first + 1) % 100:02d}"
    response = _stats(source, "ScheduleLeagueV2", season=season)
    yield Fetched("nba-schedule", f"season-{season}", "json", response.body)


def box_scores(source: Source, asked: Asked) -> Iterator[Fetched]:
    """The box score of each finished game of the date."""
    for game_id in asked.games:
        if ("nba-box-score", game_id) in asked.fresh:
            yield Fetched("nba-box-score", game_id, "json", None)
            continue
        response = _stats(source, "BoxScoreTraditionalV3", game_id=game_id)
        yield Fetched("nba-box-score", game_id, "json", response.body)


def _stats(source: Source, endpoint: str, **parameters: str) -> Response:
    """Send the request that ``nba_api`` makes for an endpoint, and keep the response as it is.

    nba_api itself returns a parsed response whatever its status is, so only its address, parameters and
    headers are used.
    """
    request = _request_of(endpoint, parameters)
    url = request.url.replace("https://stats.nba.com", source.settings.nba_stats_url.rstrip("/"))
    return source.client.get(url, request.parameters, request.headers)


@dataclass(frozen=True)
class _StatsRequest:
    url: str
    parameters: dict[str, Any]
    headers: dict[str, str]


class _RequestMade(Exception):
    """Ends nba_api's call before anything is sent."""


def _request_of(endpoint: str, parameters: Mapping[str, str]) -> _StatsRequest:
    try:
        from nba_api.stats import endpoints
        from nba_api.stats.library.http import NBAStatsHTTP
    except ImportError as exc:
        raise Rejected(
            "fetching from NBA.com needs nba_api, expected: pip install 'nba-props[feeds]'"
        ) from exc
    made: list[_StatsRequest] = []

    class Recorder:
        """Stands for the session of nba_api; takes the request and sends nothing."""

        def get(self, url: str, params: Any, headers: Mapping[str, str], **_: Any) -> None:
            accepted = {k: v for k, v in headers.items() if k.lower() not in ("accept-encoding", "host")}
            made.append(_StatsRequest(url, dict(params), accepted))
            raise _RequestMade

    NBAStatsHTTP.set_session(Recorder())
    try:
        getattr(endpoints, endpoint)(**parameters, get_request=False).get_request()
    except _RequestMade:
        pass
    finally:
        NBAStatsHTTP.set_session(None)
    return made[0]


HISTORICAL_FACTOR = 10
"""Credits of a historical request, per credit of a live one."""

_MARKET = "player_points"


class _Event(msgspec.Struct):
    id: str
    commence_time: str


def odds(source: Source, asked: Asked) -> Iterator[Fetched]:
    """The odds of each event of the date: live, or those of a past date as they were before the tip-off."""
    key = source.settings.odds_api_key
    if key is None or not key.get_secret_value():
        raise Rejected("ODDS_API_KEY is not set, expected the key of The Odds API")
    start = datetime(asked.day.year, asked.day.month, asked.day.day, 6, tzinfo=EASTERN).astimezone(UTC)
    is_past = asked.now > start + timedelta(days=1)
    host = f"{source.settings.odds_api_url.rstrip('/')}/v4{'/historical' if is_past else ''}"
    base = f"{host}/sports/basketball_nba/events"
    auth = {"apiKey": key.get_secret_value(), "dateFormat": "iso"}
    at = {"date": _iso(start + timedelta(hours=11))} if is_past else {}
    if is_past and not _may_spend(source, 1, "the list of events"):
        return
    span = {"commenceTimeFrom": _iso(start), "commenceTimeTo": _iso(start + timedelta(days=1))}
    events = source.client.get(base, auth | at | span)
    source.quota.read(events.headers)
    yield Fetched("odds-api-events", "events", "json", events.body, has_rows=False)
    cost = len(source.settings.odds_api_regions.split(",")) * (HISTORICAL_FACTOR if is_past else 1)
    wanted = {"regions": source.settings.odds_api_regions, "markets": _MARKET, "oddsFormat": "american"}
    listed = _events(events.body, is_past)
    for i, event in enumerate(listed):
        tipoff = datetime.fromisoformat(event.commence_time.replace("Z", "+00:00"))
        if not is_past and tipoff <= asked.now:
            continue
        if ("odds-api", event.id) in asked.fresh:
            yield Fetched("odds-api", event.id, "json", None)
            continue
        if not _may_spend(source, cost, f"{len(listed) - i} of {len(listed)} events"):
            return
        when = {"date": _iso(tipoff - timedelta(minutes=10))} if is_past else {}
        response = source.client.get(f"{base}/{event.id}/odds", auth | wanted | when)
        source.quota.read(response.headers)
        yield Fetched("odds-api", event.id, "json", response.body)


def _may_spend(source: Source, credits: int, what: str) -> bool:
    if source.quota.may_spend(credits):
        return True
    left = "" if source.quota.remaining is None else f", {source.quota.remaining} left of the plan"
    source.stopped.append(
        f"{what} not fetched: {source.quota.spent} of {source.quota.budget} credits are spent{left}"
    )
    return False


def _events(body: bytes, is_past: bool) -> list[_Event]:
    class Envelope(msgspec.Struct):
        data: list[_Event]

    try:
        return (
            msgspec.json.decode(body, type=Envelope).data
            if is_past
            else msgspec.json.decode(body, type=list[_Event])
        )
    except msgspec.DecodeError as exc:
        raise Rejected(
            f"The Odds API: the list of events is not readable ({exc}), expected events with ids"
        ) from exc


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


REPORTS_TRIED = 16
"""Times of publication that are tried, the newest first; reports come every 15 minutes or every hour."""

QUARTER = timedelta(minutes=15)


def injuries(source: Source, asked: Asked) -> Iterator[Fetched]:
    """The newest injury report of the date."""
    end = datetime(asked.day.year, asked.day.month, asked.day.day, 23, 45, tzinfo=EASTERN)
    newest = min(asked.now.astimezone(EASTERN), end)
    newest = newest.replace(minute=newest.minute // 15 * 15, second=0, microsecond=0)
    for i in range(REPORTS_TRIED):
        moment = newest - i * QUARTER
        if moment.date() != asked.day:
            return
        for name in _report_names(moment):
            url = f"{source.settings.injury_report_url.rstrip('/')}/referee/injury/{name}.pdf"
            try:
                response = source.client.get(url)
            except FetchFailed as exc:
                if exc.status in (403, 404):  # the host has no report of this time
                    continue
                raise
            yield Fetched("injury-report", name, "pdf", response.body)
            return


def _report_names(moment: datetime) -> list[str]:
    """Names of the report of a time: with minutes, and at a half hour the older one without them."""
    day, half = f"{moment:%Y-%m-%d}", f"{moment:%p}"
    names = [f"Injury-Report_{day}_{moment:%I_%M}{half}"]
    return [*names, f"Injury-Report_{day}_{moment:%I}{half}"] if moment.minute == 30 else names


SOURCES: dict[FeedKind, Callable[[Source, Asked], Iterator[Fetched]]] = {
    FeedKind.SCHEDULE: schedule, FeedKind.BOX_SCORES: box_scores, FeedKind.ODDS: odds,
    FeedKind.INJURIES: injuries,
}  # fmt: skip
"""The source of each kind."""
