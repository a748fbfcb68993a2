"""``props features`` and ``props mlfs``: filling the feature store, and saying why it is as it is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backfill_jobs.cli.dates import Dates, Day, End, Start, ranges
from backfill_jobs.cli.framework import (
    CRITICAL,
    FINDING,
    DryRun,
    Json,
    backend,
    print_json,
    print_lines,
    program,
    show,
)
from backfill_jobs.cli.progress import Bars, waiting
from backfill_jobs.cli.tables import print_table
from shared.domain.game_dates import FIRST, LAST

if TYPE_CHECKING:
    from shared.application.features.diagnosis import Diagnosis

features = program("The feature store: fill it, and take back what was wrong.")
mlfs = program("Whether the feature store is ready, and why not.")


@features.command(
    "build",
    examples=("props features build --dates TODAY", "props features build --start-date A --end-date B"),
)
def features_build(
    dates: Dates = None,
    start_date: Start = None,
    end_date: End = None,
    as_of: Annotated[
        str | None, typer.Option(help="ISO 8601 instant with zone; nothing known later is used.")
    ] = None,
    backfill: Annotated[
        bool,
        typer.Option("--backfill", help="Quotes known by day only count too; default once all games began."),
    ] = False,
    accept_findings: Annotated[
        bool, typer.Option("--accept-findings", help="Write batches that the checks refuse.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Build the feature store for game dates, scheduled or played; a new snapshot each, earlier ones stay.

    Dates without games have nothing to build.
    """
    from shared.application.features.build import BuildFeatures, BuildOptions
    from shared.application.features.slate_inputs import Mode

    options = BuildOptions(
        Mode.BACKFILL if backfill else None,
        _instant(as_of),
        accept_findings=accept_findings,
        write=not dry_run,
    )
    spans = ranges(dates, start_date, end_date)
    use = backend()
    build = BuildFeatures(use.warehouse, use.clock, use.documents)
    built = []
    with Bars() as bars:
        for first, last in spans:
            built += build(first, last, options, bars)
    rows = [{**asdict(b), "game_date": b.game_date.isoformat(), "mode": b.mode.value.lower()} for b in built]
    lines = [
        f"{r['game_date']}: {r['games']} games, {r['rows']} player rows, "
        + (f"{r['mode']} snapshot {r['snapshot_id']}" if r["snapshot_id"] else "refused")
        + "".join(f"\n  {finding}" for finding in r["findings"])
        for r in rows
    ]
    if dry_run:
        lines.append("dry run: nothing was written")
    show(as_json, {"built": rows, "dry_run": dry_run}, lines if rows else ["no games on these dates"])
    if any(b.snapshot_id is None for b in built):
        raise typer.Exit(FINDING)


@features.command("invalidate", examples=("props features invalidate --dates D --reason REASON",))
def features_invalidate(
    reason: Annotated[str, typer.Option(help="Kept with the snapshots.")],
    dates: Dates = None,
    start_date: Start = None,
    end_date: End = None,
    as_json: Json = False,
) -> None:
    """Mark every snapshot of game dates as wrong: not served, not learnt from, until they are built again."""
    from shared.application.features.build import invalidate

    spans = ranges(dates, start_date, end_date)
    use = backend()
    count = sum(invalidate(use.warehouse, use.clock.now(), a, b, reason) for a, b in spans)
    show(as_json, {"invalidated": count}, [f"{count} snapshots are no longer used"])
    if not count:
        raise typer.Exit(FINDING)


@mlfs.command("diagnose", examples=("props mlfs diagnose --date TODAY",))
def mlfs_diagnose(day: Day, as_json: Json = False) -> None:
    """Say whether the features of a game date are ready, and if not why, and what mends it."""
    from shared.application.features.diagnosis import MlfsDoctor
    from shared.domain.features.readiness import Verdict

    use = backend()
    with waiting("looking at the feature store"):
        found = MlfsDoctor(use.warehouse, use.clock, use.documents)(day, day)[day]
    if as_json:
        print_json(_plain(found))
    else:
        _show(found)
    if found.verdict is Verdict.BROKEN:
        raise typer.Exit(CRITICAL)


def _plain(found: Diagnosis) -> dict[str, Any]:
    return {
        "game_date": found.game_date.isoformat(),
        "verdict": found.verdict.value,
        "mode": found.mode.value.lower(),
        "expected": found.expected,
        "present": found.present,
        "coverage": found.coverage,
        "quality": found.quality,
        "missing": [
            {"player_lookup": p.player_lookup, "player_id": p.player_id, "reason": why}
            for p, why in found.missing.items()
        ],
        "features": {name: asdict(state) for name, state in found.features.items()},
        "cause": found.cause,
        "remedy": found.remedy,
        "due_at": found.due_at.isoformat() if found.due_at else None,
        "snapshot_id": found.snapshot_id,
        "phases": found.phases,
    }


def _show(found: Diagnosis) -> None:
    from shared.domain.instants import eastern_text

    share = "-" if found.coverage is None else f"{found.coverage:.0%}"
    lines = [
        f"{found.game_date}: {found.verdict.value}",
        f"  {found.present} of {found.expected} expected players have {found.mode.value.lower()} features "
        f"({share}), quality {found.quality if found.quality is not None else '-'}",
    ]
    if found.cause:
        lines.append(f"  why: {found.cause}")
    if found.remedy:
        lines.append(f"  mend it: {found.remedy}")
    elif found.due_at and found.verdict.value == "not yet due":
        lines.append(f"  due at {eastern_text(found.due_at)}")
    phases = found.phases or {}
    done = [name for name in phases if not name.startswith("_")]
    lines.append(f"  phases completed: {', '.join(sorted(done)) or 'none'}")
    print_lines(lines)
    if found.missing:
        by: dict[str, list[str]] = {}
        for player, why in found.missing.items():
            by.setdefault(why, []).append(player.player_lookup)
        rows = [
            (why, len(who), ", ".join(who[:5]) + (" ..." if len(who) > 5 else "")) for why, who in by.items()
        ]
        print_table("Players without features", ("reason", "players", "who"), rows)
    gaps = [
        (name, s.missing, s.approximated, s.cause)
        for name, s in found.features.items()
        if s.missing or s.approximated
    ]
    if gaps:
        print_table("Features with gaps", ("feature", "missing", "approximated", "why missing"), gaps)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise typer.BadParameter(f"--as-of {text!r}: {exc}") from exc
    if not FIRST.year <= moment.year <= LAST.year:
        raise typer.BadParameter(f"--as-of {text!r}: wanted a year from {FIRST.year} to {LAST.year}")
    if moment.tzinfo is None:
        raise typer.BadParameter(
            f"--as-of {text!r} has no time zone; wanted for example 2025-03-19T17:00:00-04:00"
        )
    return moment
