"""The validated request for a run, with its game date resolved."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from msgspec import structs

from shared.domain.game_dates import parse_game_date
from shared.domain.instants import eastern_date
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.domain.vocabulary import RunMode
from shared.errors import Rejected
from shared.schemas.messages import MAX_MINUTES, MAX_REASON_CHARACTERS, RunOptions, RunRequested


class RunRequest(RunOptions, frozen=True, kw_only=True):
    """A validated request, as it is stored with its run. ``job``: id of the job that executes the run; None
    for runs of the services."""

    game_date: date
    mode: RunMode = RunMode.LIVE
    systems: tuple[str, ...] = SYSTEM_IDS
    in_sample: bool = False
    job: str | None = None


def parse(message: RunRequested, now: datetime) -> RunRequest:
    """Validate a message; ``Rejected`` names the field, its value and the expected values."""
    systems = tuple(message.systems if message.systems is not None else SYSTEM_IDS)
    unknown = [s for s in systems if s not in SYSTEM_IDS]
    if unknown or not systems:
        rejected_value = repr(unknown[0]) if unknown else "none"
        raise Rejected(f"systems: {rejected_value}, expected some of {', '.join(SYSTEM_IDS)}")
    if not 0.0 <= message.min_minutes <= MAX_MINUTES:
        raise Rejected(f"min_minutes: {message.min_minutes}, expected 0 to {MAX_MINUTES}")
    reason = message.reason or ""
    if len(reason) > MAX_REASON_CHARACTERS or not reason.isprintable():
        raise Rejected(f"reason: expected one line of at most {MAX_REASON_CHARACTERS} printable characters")
    resolved = {
        "game_date": resolve_date(message.game_date, now),
        "mode": RunMode.BACKFILL if message.allow_started else RunMode.LIVE,
        "systems": tuple(dict.fromkeys(systems)),
    }
    return msgspec.convert(structs.asdict(message) | resolved, RunRequest)


def require_reason(request: RunRequest, live_rows: int) -> None:
    """Raise ``Rejected`` for a forced backfill without a reason if ``live_rows`` predictions of the date were
    active at tip-off: the backfill replaces what was published before the games."""
    replaces = replaces_played_games(request.force, request.mode, request.in_sample)
    if replaces and live_rows and not request.reason:
        raise Rejected(
            f"reason: none, expected one line: {live_rows} predictions of {request.game_date} were active at "
            "tip-off, and a forced backfill replaces them (--reason)"
        )


def replaces_played_games(force: bool, mode: RunMode, in_sample: bool) -> bool:
    """Return whether a run may replace active rows of games that have started."""
    return force and mode is RunMode.BACKFILL and not in_sample


def resolve_date(text: str, now: datetime, field: str = "game_date") -> date:
    """Return the game date that ``text`` names, in US Eastern time; ``Rejected`` names the field."""
    try:
        return parse_game_date(text, lambda: eastern_date(now))
    except ValueError as exc:
        raise Rejected(f"{field}: {exc}") from exc
