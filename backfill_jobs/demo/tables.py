"""Tables printed at the end of a demo."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from backfill_jobs.demo import figures
from backfill_jobs.demo.scenario import SHOWN_SYSTEM, Outcome
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.domain.vocabulary import NO_OUTCOME, PREDICTED

MAX_PLAYERS = 15


def show(outcome: Outcome, console: Console) -> None:
    summary = figures.summary(outcome)
    outcomes = summary["outcomes"]
    console.print(
        f"\n[bold]{summary['game_date']}[/]: {summary['games']} games, "
        f"{summary['expected_players']} players expected, {outcomes['predicted']} predicted, "
        f"{sum(outcomes['skipped'].values())} skipped, {sum(outcomes['failed'].values())} failed; "
        f"{summary['void']} then did not play\n"
    )
    console.print(_picks(outcome))
    console.print(_systems(outcome, summary))
    if outcomes["skipped"] or outcomes["failed"] or outcome.run["reasons_by_system"]:
        console.print(_reasons(outcome))
    console.print(_seconds(summary["seconds"]))


def _picks(outcome: Outcome) -> Table:
    rows = [r for r in outcome.predictions if r["system_id"] == SHOWN_SYSTEM]
    by_edge = sorted(rows, key=lambda r: -abs(r["line_margin"] or 0.0))
    graded_rows = {r["player_id"]: r for r in outcome.accuracy if r["system_id"] == SHOWN_SYSTEM}
    title = f"{SHOWN_SYSTEM}: {min(MAX_PLAYERS, len(by_edge))} largest edges of {len(by_edge)} players"
    table = Table(title=title, box=box.SIMPLE_HEAD)
    for name in ("player", "game", "line", "predicted", "edge", "side", "points", "grade"):
        is_number = name in ("line", "predicted", "edge", "points")
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for r in by_edge[:MAX_PLAYERS]:
        grade = graded_rows.get(r["player_id"], {})
        table.add_row(
            r["player_name"] or r["player_lookup"],
            r["game_id"][9:].replace("_", "@"),
            _number(r["current_points_line"]),
            f"{r['predicted_points']:.1f}",
            _number(r["line_margin"], "+.1f"),
            r["recommendation"],
            _number(grade.get("actual_points"), "d"),
            _coloured(grade.get("outcome", "PENDING")),
        )
    return table


def _systems(outcome: Outcome, summary: figures.Summary) -> Table:
    table = Table(title="Systems (MAE in points; 'with a line': only those players)", box=box.SIMPLE_HEAD)
    for name in ("system", "rows", "cover", "MAE", "with a line", "hits", "rate"):
        table.add_column(name, justify="left" if name == "system" else "right", no_wrap=True)
    expected = summary["expected_players"]
    for system in SYSTEM_IDS:
        hits, bets = figures.hits(outcome, system)
        rows = summary["rows_by_system"][system]
        table.add_row(
            system,
            str(rows),
            f"{rows / expected:.0%}" if expected else "-",
            _number(summary["mae_by_system"][system], ".2f"),
            _number(figures.lined_mae(outcome, system), ".2f"),
            f"{hits} of {bets}",
            f"{hits / bets:.0%}" if bets else "-",
        )
    table.add_section()
    lined = len(figures.line_errors(outcome))
    table.add_row("line", str(lined), "", "", _number(summary["line_mae"], ".2f"), "", "")
    return table


def _reasons(outcome: Outcome) -> Table:
    table = Table(title="Players without a prediction", box=box.SIMPLE_HEAD)
    table.add_column("reason")
    table.add_column("players", justify="right")
    table.add_column("names")
    players_by_outcome: dict[str, list[str]] = {}
    for player, player_outcome in outcome.run["outcomes"].items():
        if player_outcome != PREDICTED.text:
            players_by_outcome.setdefault(player_outcome or NO_OUTCOME.text, []).append(player)
    for reason, players in sorted(players_by_outcome.items()):
        names = ", ".join(players[:6]) + (" ..." if len(players) > 6 else "")
        table.add_row(reason, str(len(players)), names)
    for system, reasons in outcome.run["reasons_by_system"].items():
        for reason, players in reasons.items():
            table.add_row(reason, str(players), f"by {system}")
    return table


def _seconds(seconds: dict[str, float]) -> Table:
    table = Table(title="Seconds per step", box=box.SIMPLE_HEAD)
    for name in seconds:
        table.add_column(name.replace("start_services", "start"), justify="right")
    table.add_row(*(f"{s:.2f}" for s in seconds.values()))
    return table


def _number(value: float | int | None, form: str = ".1f") -> str:
    return "-" if value is None else format(value, form)


def _coloured(outcome: str) -> str:
    colour = {"HIT": "green", "MISS": "red", "VOID": "dim", "PUSH": "yellow"}.get(outcome)
    return f"[{colour}]{outcome}[/]" if colour else outcome
