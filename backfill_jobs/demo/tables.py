"""What a person reads at the end of a demo."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from backfill_jobs.demo import figures
from backfill_jobs.demo.scenario import Outcome
from shared.domain.systems.catalog import SYSTEM_IDS

SHOWN = "catboost_v9"
MOST_PLAYERS = 15


def show(outcome: Outcome, console: Console) -> None:
    total = figures.summary(outcome)
    o = total["outcomes"]
    console.print(
        f"\n[bold]{total['game_date']}[/]: {total['games']} games, "
        f"{total['expected_players']} players expected, {o['predicted']} predicted, "
        f"{sum(o['skipped'].values())} skipped, {sum(o['failed'].values())} failed; "
        f"{total['void']} then did not play\n"
    )
    console.print(_picks(outcome))
    console.print(_systems(outcome, total))
    if o["skipped"] or o["failed"] or outcome.run["reasons_by_system"]:
        console.print(_reasons(outcome))
    console.print(_seconds(total["seconds"]))


def _picks(outcome: Outcome) -> Table:
    rows = [r for r in outcome.predictions if r["system_id"] == SHOWN]
    lined = sorted(rows, key=lambda r: -abs(r["line_margin"] or 0.0))
    ends = {r["player_id"]: r for r in outcome.accuracy if r["system_id"] == SHOWN}
    table = Table(
        title=f"{SHOWN}: {min(MOST_PLAYERS, len(lined))} largest edges of {len(lined)} players",
        box=box.SIMPLE_HEAD,
    )
    for name in ("player", "game", "line", "predicted", "edge", "side", "points", "ended"):
        table.add_column(
            name, justify="right" if name in ("line", "predicted", "edge", "points") else "left", no_wrap=True
        )
    for r in lined[:MOST_PLAYERS]:
        end = ends.get(r["player_id"], {})
        table.add_row(
            r["player_name"] or r["player_lookup"],
            r["game_id"][9:].replace("_", "@"),
            _number(r["current_points_line"]),
            f"{r['predicted_points']:.1f}",
            _number(r["line_margin"], "+.1f"),
            r["recommendation"],
            _number(end.get("actual_points"), "d"),
            _coloured(end.get("outcome", "PENDING")),
        )
    return table


def _systems(outcome: Outcome, total: figures.Summary) -> Table:
    table = Table(
        title="Systems (MAE in points; 'with a line': players the market priced)", box=box.SIMPLE_HEAD
    )
    for name in ("system", "rows", "cover", "MAE", "with a line", "hits", "rate"):
        table.add_column(name, justify="left" if name == "system" else "right", no_wrap=True)
    expected = total["expected_players"]
    for system in SYSTEM_IDS:
        hits, bets = figures.hits(outcome, system)
        rows = total["rows_by_system"][system]
        table.add_row(
            system,
            str(rows),
            f"{rows / expected:.0%}" if expected else "-",
            _number(total["mae_by_system"][system], ".2f"),
            _number(figures.on_lined_rows(outcome, system), ".2f"),
            f"{hits} of {bets}",
            f"{hits / bets:.0%}" if bets else "-",
        )
    table.add_section()
    lined = len(figures.line_errors(outcome))
    table.add_row("the line itself", str(lined), "", "", _number(total["line_mae"], ".2f"), "", "")
    return table


def _reasons(outcome: Outcome) -> Table:
    table = Table(title="Who was not predicted, and why", box=box.SIMPLE_HEAD)
    table.add_column("reason")
    table.add_column("players", justify="right")
    table.add_column("who")
    by: dict[str, list[str]] = {}
    for player, ended in outcome.run["outcomes"].items():
        if ended != "predicted":
            by.setdefault(ended or "failed:no_outcome", []).append(player)
    for reason, players in sorted(by.items()):
        table.add_row(
            reason, str(len(players)), ", ".join(players[:6]) + (" ..." if len(players) > 6 else "")
        )
    for system, reasons in outcome.run["reasons_by_system"].items():
        for reason, players in reasons.items():
            table.add_row(reason, str(players), f"by {system}")
    return table


def _seconds(seconds: dict[str, float]) -> Table:
    table = Table(title="Where time went, seconds", box=box.SIMPLE_HEAD)
    for name in seconds:
        table.add_column(name.replace("start_services", "start"), justify="right")
    table.add_row(*(f"{s:.2f}" for s in seconds.values()))
    return table


def _number(value: float | int | None, form: str = ".1f") -> str:
    return "-" if value is None else format(value, form)


def _coloured(outcome: str) -> str:
    colour = {"HIT": "green", "MISS": "red", "VOID": "dim", "PUSH": "yellow"}.get(outcome)
    return f"[{colour}]{outcome}[/]" if colour else outcome
