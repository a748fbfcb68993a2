"""``props features`` and ``props mlfs``: build, invalidate and diagnose the feature store."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backfill_jobs.cli.dates import Dates, Day, End, Start, ranges
from backfill_jobs.cli.framework import CRITICAL, FINDING, DryRun, Json, connect_backend, program
from backfill_jobs.cli.output import print_json, print_lines, print_table, show
from backfill_jobs.cli.progress import Bars, waiting
from shared.domain.game_dates import FIRST, LAST

if TYPE_CHECKING:
    from shared.application.features.diagnosis import Diagnosis

features = program("The feature store: build and invalidate snapshots.")
mlfs = program("Check whether the feature store is ready.")


@features.command(
    "build",
    examples=("props features build --dates TODAY", "props features build --start-date A --end-date B"),
)
def features_build(
    dates: Dates = None,
    start_date: Start = None,
    end_date: End = None,
    as_of: Annotated[
        str | None, typer.Option(help="ISO 8601 instant with zone; later data is not used.")
    ] = None,
    backfill: Annotated[
        bool,
        typer.Option("--backfill", help="Also use quotes with a date only; default once all games began."),
    ] = False,
    accept_findings: Annotated[
        bool, typer.Option("--accept-findings", help="Write batches even if the checks refuse them.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Build the feature store for game dates, scheduled or played. Adds one snapshot per date.

    Dates without games are skipped.
    """
    from shared.application.features.build import BuildFeatures, BuildOptions
    from shared.domain.vocabulary import RunMode

    options = BuildOptions(
        RunMode.BACKFILL if backfill else None,
        _instant(as_of),
        accept_findings=accept_findings,
        write=not dry_run,
    )
    spans = ranges(dates, start_date, end_date)
    backend = connect_backend()
    build = BuildFeatures(backend.warehouse, backend.clock, backend.documents)
    built = []
    with Bars() as bars:
        for first, last in spans:
            built += build(first, last, options, bars)
    rows = [{**asdict(b), "game_date": b.game_date.isoformat(), "mode": b.mode.value.lower()} for b in built]
    lines = [
        f"{r['game_date']}: {r['games']} game{'' if r['games'] == 1 else 's'}, {r['rows']} player rows, "
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
    reason: Annotated[str, typer.Option(help="Stored with the snapshots.")],
    dates: Dates = None,
    start_date: Start = None,
    end_date: End = None,
    as_json: Json = False,
) -> None:
    """Mark all snapshots of game dates as invalid. Serving and training ignore them; build new ones."""
    from shared.application.features.build import invalidate

    spans = ranges(dates, start_date, end_date)
    backend = connect_backend()
    count = sum(invalidate(backend.warehouse, backend.clock.now(), a, b, reason) for a, b in spans)
    show(as_json, {"invalidated": count}, [f"{count} snapshots invalidated"])
    if not count:
        raise typer.Exit(FINDING)


@mlfs.command("diagnose", examples=("props mlfs diagnose --date TODAY",))
def mlfs_diagnose(day: Day, as_json: Json = False) -> None:
    """Show whether the features of a game date are ready, and if not, the cause and the fix."""
    from shared.application.features.diagnosis import MlfsDoctor
    from shared.domain.features.readiness import Verdict

    backend = connect_backend()
    with waiting("reading the feature store"):
        diagnosis = MlfsDoctor(backend.warehouse, backend.clock, backend.documents)(day, day)[day]
    if as_json:
        print_json(_plain(diagnosis))
    else:
        _show(diagnosis)
    if diagnosis.verdict is Verdict.BROKEN:
        raise typer.Exit(CRITICAL)


def _plain(diagnosis: Diagnosis) -> dict[str, Any]:
    missing = [
        {"player_lookup": p.player_lookup, "player_id": p.player_id, "reason": reason}
        for p, reason in diagnosis.missing.items()
    ]
    plain = {k: v for k, v in vars(diagnosis).items() if k not in ("quoted", "unmatched")}
    return plain | {
        "mode": diagnosis.mode.value.lower(), "coverage": diagnosis.coverage, "missing": missing
    }  # fmt: skip


def _show(diagnosis: Diagnosis) -> None:
    from shared.domain.instants import eastern_text

    coverage = "-" if diagnosis.coverage is None else f"{diagnosis.coverage:.0%}"
    lines = [
        f"{diagnosis.game_date}: {diagnosis.verdict.value}",
        f"  {diagnosis.present} of {diagnosis.expected} expected players have "
        f"{diagnosis.mode.value.lower()} features ({coverage}), "
        f"quality {diagnosis.quality if diagnosis.quality is not None else '-'}",
    ]
    if diagnosis.cause:
        lines.append(f"  cause: {diagnosis.cause}")
    if diagnosis.remedy:
        lines.append(f"  fix: {diagnosis.remedy}")
    elif diagnosis.due_at and diagnosis.verdict.value == "not yet due":
        lines.append(f"  due at {eastern_text(diagnosis.due_at)}")
    phases = diagnosis.phases or {}
    completed = [name for name in phases if not name.startswith("_")]
    lines.append(f"  phases completed: {', '.join(sorted(completed)) or 'none'}")
    print_lines(lines)
    if diagnosis.missing:
        by_reason: dict[str, list[str]] = {}
        for player, reason in diagnosis.missing.items():
            by_reason.setdefault(reason, []).append(player.player_lookup)
        rows = [
            (reason, len(names), ", ".join(names[:5]) + (" ..." if len(names) > 5 else ""))
            for reason, names in by_reason.items()
        ]
        print_table("Players without features", ("reason", "players", "names"), rows)
    gaps = [
        (name, s.missing, s.approximated, s.cause)
        for name, s in diagnosis.features.items()
        if s.missing or s.approximated
    ]
    if gaps:
        print_table("Features with gaps", ("feature", "missing", "approximated", "reason"), gaps)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as exc:
        raise typer.BadParameter(f"--as-of {text!r}: {exc}") from exc
    if not FIRST.year <= instant.year <= LAST.year:
        raise typer.BadParameter(f"--as-of {text!r}: expected a year from {FIRST.year} to {LAST.year}")
    if instant.tzinfo is None:
        raise typer.BadParameter(
            f"--as-of {text!r} has no time zone; expected for example 2025-03-19T17:00:00-04:00"
        )
    return instant
