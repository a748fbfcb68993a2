"""Checks of the inputs of predictions: schedule, input tables, features."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shared.application.operations import remedies
from shared.application.validation.day import Day
from shared.application.validation.drift import feature_drift
from shared.domain.features.readiness import Verdict
from shared.domain.findings import Finding, critical, info, ok, warning
from shared.domain.instants import SECOND, eastern_text, to_micros
from shared.domain.market.lines import MAX_QUOTE_AGE
from shared.warehouse.box_scores import BoxScoreState, box_score_states
from shared.warehouse.statements import query_rows

FINAL = 3
GAME_LATE = timedelta(hours=6)
"""A game that is not final this long after its tip-off is late."""

BOX_SCORES_LATE = timedelta(hours=12)
"""An incomplete box score of a final game is late this long after tip-off."""

QUOTE_LIMIT, REPORT_LIMIT = timedelta(hours=24), timedelta(hours=24)

MINUTES_OK, MINUTES_CRITICAL = 0.90, 0.80


def schedule(day: Day) -> list[Finding]:
    """Check the games of the date, and whether games of both dates ended in time."""
    if not day.games:
        findings = [info("schedule", f"no games on {day.game_date}")]
    else:
        counts = dict.fromkeys(("scheduled", "in progress", "final"), 0)
        for g in day.games:
            counts[("scheduled", "in progress", "final")[(g["game_status"] or 1) - 1]] += 1
        findings = [ok("schedule", ", ".join(f"{n} {name}" for name, n in counts.items()))]
        without_tipoff = [g["game_id"] for g in day.games if g["game_start_utc"] is None]
        if without_tipoff:
            findings.append(
                warning("schedule:tipoff", f"no tip-off time for {', '.join(without_tipoff)}", remedies.LOAD)
            )
    late = [
        g["game_id"]
        for g in (*day.previous_games, *day.games)
        if g["game_status"] != FINAL and g["game_start_utc"] and day.now - g["game_start_utc"] > GAME_LATE
    ]
    if late:
        needed = "DIR needs their scores and box scores, or the new date of a postponed game"
        evidence = f"not final six hours after tip-off: {', '.join(late)}; {needed}"
        findings.append(critical("schedule:late", evidence, remedies.LOAD))
    return findings + _moved(day)


def _moved(day: Day) -> list[Finding]:
    """Report games that moved to other dates; they need no action on the two dates."""
    first = day.game_date - timedelta(days=1)
    rows = query_rows(day.warehouse, "moved_games", first=first, last=day.game_date)
    moved = [f"{g['game_id']} to {g['moved_to']}" for g in rows]
    return [info("schedule:moved", f"moved, predictions void: {', '.join(moved)}")] if moved else []


def freshness(day: Day) -> list[Finding]:
    """Check the age of every input table against its limit."""
    since = day.game_date - timedelta(days=30)
    (row,) = query_rows(day.warehouse, "freshness", game_date=day.game_date, since=since, now=day.now)
    load = remedies.LOAD
    findings = [
        _age("freshness:quotes", day, row["latest_quote"], QUOTE_LIMIT, row["quotes"], load),
        _age("freshness:injury_report", day, row["latest_report"], REPORT_LIMIT, row["reports"], load)
        if row["reports"]
        else info("freshness:injury_report", "no injury reports are loaded at all"),
    ]
    box, final = row["latest_box_scores"], row["latest_final"]
    if final is not None and (box is None or box < final):
        findings.append(
            critical("freshness:box_scores", f"they end on {box}, but games were final until {final}", load)
        )
    elif box is None:
        findings.append(info("freshness:box_scores", f"none since {since}, and no game was final"))
    else:
        findings.append(ok("freshness:box_scores", f"they reach {box}"))
    return findings


def quotes(day: Day) -> list[Finding]:
    """Check that each player with a line has a priced line, and a line that is recent enough to be used."""
    players = query_rows(day.warehouse, "quotes_of_players", game_date=day.game_date)
    if not players:
        return [info("quotes:prices", "no main lines"), info("quotes:age", "no main lines")]
    unpriced = [p["player_lookup"] for p in players if not p["priced"]]
    evidence = f"{len(unpriced)} of {len(players)} players with a line have no price on any line"
    level = ok if not unpriced else warning if 2 * len(unpriced) > len(players) else info
    findings = [level("quotes:prices", f"{evidence}: no expected value for them" if unpriced else evidence)]
    old = [p["player_lookup"] for p in players if _is_too_old(p, day.now)]
    hours = MAX_QUOTE_AGE // (3600 * SECOND)
    if not old:
        return [*findings, ok("quotes:age", f"every player's newest line is at most {hours} h old")]
    evidence = (
        f"newest line older than {hours} h, not used: {len(old)} of {len(players)} players, first {old[0]}"
    )
    return [*findings, warning("quotes:age", evidence, "props load DIR")]


def _is_too_old(player: dict[str, Any], now: datetime) -> bool:
    """Whether the newest quote exceeds the maximum age, at tip-off or now, whichever is earlier."""
    if player["undated"] or player["latest_quote"] is None:
        return False
    as_of = min(now, player["game_start_utc"] or now)
    return to_micros(as_of) - to_micros(player["latest_quote"]) > MAX_QUOTE_AGE


def box_scores(day: Day) -> list[Finding]:
    """Check box scores, and minutes of the players who played, for final games of both dates."""
    before = day.game_date - timedelta(days=1)
    final = box_score_states(day.warehouse, before, day.game_date)
    if not final:
        return [
            info("box_scores", "no game of the two dates is final"),
            info("minutes", "no final game to check"),
        ]
    played, timed = sum(r.played for r in final), sum(r.with_minutes for r in final)
    findings = _incomplete(day, final) or [
        ok("box_scores", f"{len(final)} final games of {before} and {day.game_date} have complete box scores")
    ]
    share = timed / played if played else 0.0
    evidence = f"{timed} of {played} players who played have minutes"
    if share >= MINUTES_OK:
        return [*findings, ok("minutes", evidence)]
    level = critical if share < MINUTES_CRITICAL else warning
    return [*findings, level("minutes", evidence, remedies.LOAD)]


def _incomplete(day: Day, final: list[BoxScoreState]) -> list[Finding]:
    """Report final games with an incomplete box score: late ones, early ones, ones broken by a correction."""
    incomplete = [s for s in final if s.missing]
    waiting = [s for s in incomplete if s.whole_at is None]
    late = [s for s in waiting if s.tipoff is None or day.now - s.tipoff > BOX_SCORES_LATE]
    early = [s for s in waiting if s not in late and s.rows]
    changed = [s for s in incomplete if s.whole_at is not None]
    findings = []
    if late:
        findings.append(critical("box_scores", f"incomplete box score: {_missing(late)}", remedies.LOAD))
    if early:
        findings.append(warning("box_scores", f"incomplete box score: {_missing(early)}", remedies.LOAD))
    if changed:
        evidence = f"incomplete after a correction, graded anyway: {_missing(changed)}"
        findings.append(warning("box_scores", evidence, remedies.LOAD))
    return findings


def _missing(states: list[BoxScoreState]) -> str:
    return "; ".join(f"{s.game_id} ({s.missing})" for s in states)


def features(day: Day) -> list[Finding]:
    d = day.diagnosis
    if not day.games:
        return [info("features", "no games")]
    state = f"{d.verdict.value}: {d.present} of {d.expected} expected players"
    if d.verdict is Verdict.READY:
        return [ok("features", f"{state}, quality {d.quality}")]
    if d.verdict is Verdict.NOT_YET_DUE:
        return [info("features", f"{state}; due at {eastern_text(d.due_at)}" if d.due_at else state)]
    return [critical("features", f"{state}; {d.cause}", d.remedy)]


def served(day: Day) -> list[Finding]:
    """Check that every active row was predicted from the stored feature vector."""
    (row,) = query_rows(day.warehouse, "served_against_stored", game_date=day.game_date)
    if not row["served"]:
        return [info("features:served", "no active rows")]
    if row["different"]:
        evidence = f"{row['different']} of {row['served']} active rows differ from the stored vector"
        return [critical("features:served", evidence, day.replace_command())]
    return [ok("features:served", f"{row['served']} active rows equal the stored vectors")]


def drift(day: Day) -> list[Finding]:
    return feature_drift(day.warehouse, day.models, day.registry, day.active, day.game_date)


def _age(check: str, day: Day, latest: datetime | None, limit: timedelta, rows: int, remedy: str) -> Finding:
    """Check the age of an input at the first tip-off of the date or now, whichever is earlier."""
    if not day.games:
        return info(check, "no games")
    if latest is None:
        if rows and check == "freshness:quotes":
            return info(check, f"{rows} rows with a date only: for backfill and evaluation, never live")
        return (
            warning(check, f"nothing for {day.game_date}", remedy) if day.is_due else info(check, "not due")
        )
    moment = min(day.now, day.first_tipoff or day.now)
    if moment - latest > limit:
        return warning(check, f"latest is {eastern_text(latest)}, older than {limit}", remedy)
    return ok(check, f"latest is {eastern_text(latest)}")
