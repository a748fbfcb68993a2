"""``props evaluate``, ``explain`` and ``replay``: how good predictions are, and why one is what it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from backfill_jobs.cli.dates import First, Last
from backfill_jobs.cli.framework import (
    FINDING,
    MOST_DAYS,
    Json,
    Systems,
    backend,
    print_json,
    print_lines,
    show,
    systems_of,
)
from backfill_jobs.cli.progress import Bars, waiting
from backfill_jobs.cli.tables import print_table


def replay(
    prediction_id: Annotated[str, typer.Argument(help="Of a stored prediction.")], as_json: Json = False
) -> None:
    """Compute a stored prediction again from its snapshot and bundle; exit 1 where anything differs."""
    from shared.application.prediction.replay import Replay

    use = backend()
    with waiting("computing it again"):
        told = Replay(use.warehouse, use.models)(prediction_id)
    lines = [f"{k}: stored {a!r}, recomputed {b!r}" for k, (a, b) in told.differences.items()]
    value = {
        "prediction_id": prediction_id,
        "equal": told.equal,
        "differences": {k: {"stored": a, "recomputed": b} for k, (a, b) in told.differences.items()},
    }
    show(as_json, value, lines or [f"{prediction_id}: the same, bit for bit"])
    if not told.equal:
        raise typer.Exit(FINDING)


def explain(
    prediction_id: Annotated[str, typer.Argument(help="Of a stored prediction.")], as_json: Json = False
) -> None:
    """Why a stored prediction is what it is: inputs, line, model, and terms that add up to it."""
    from shared.application.prediction.replay import Replay
    from shared.domain.instants import eastern_text

    use = backend()
    with waiting("taking it apart"):
        told = Replay(use.warehouse, use.models).explain(prediction_id)
    if as_json:
        print_json(told)
        return
    p, line, model = told["prediction"], told["line"], told["model"]
    stood = "no line" if line["current_points_line"] is None else f"line {line['current_points_line']:.1f}"
    print_lines(
        [
            f"{p['player_lookup']} in {p['game_id']}, {p['system_id']}: {p['predicted_points']:.1f} points, "
            f"{stood}, {p['recommendation']}; confidence score {p['confidence_score']:.0f} of 100"
            f"{_chance(p)}",
            f"model {model['model_id'] or 'a formula'}, features {model['feature_snapshot_id']} as of "
            f"{eastern_text(p['as_of'])}",
        ]
    )
    inputs = told["features"]
    rows = []
    for name, points in list(told["terms"].items())[:15]:
        value = inputs.get(name, {})
        rows.append((name, f"{points:+.3f}", value.get("value"), value.get("source", "")))
    print_table("Terms, the largest first", ("term", "points", "value", "source"), rows)
    print_lines([f"{len(told['terms'])} terms, sum {told['sum']:.4f}, prediction {p['raw_prediction']:.4f}"])


def _chance(prediction: Mapping[str, Any]) -> str:
    """The probability that a system gives, and why there is no bet; empty for a system that gives none."""
    chance, reason = prediction["prob_over"], prediction["no_bet_reason"]
    said = "" if chance is None else f", P(over) {chance:.0%}"
    return said if reason is None else f"{said}, no bet: {reason.replace('_', ' ')}"


def evaluate(
    start: First,
    end: Last,
    systems: Systems = None,
    refit_every: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="Days between two fits.")] = 28,
    train_days: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_DAYS, help="Days that a model learns from; without it, its recipe's."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with the reliability plot here.")] = None,
    as_json: Json = False,
) -> None:
    """Walk forward over played dates: every system on identical rows, beside the line and always-under."""
    from shared.application.training.evaluation import EVALUATED, Evaluate

    use = backend()
    with Bars() as bars:
        told = Evaluate(use.warehouse)(
            start,
            end,
            use.clock.now(),
            systems=systems_of(systems, EVALUATED) or EVALUATED,
            refit_days=refit_every,
            train_days=train_days,
            progress=bars,
        )
    if html is not None:
        from backfill_jobs.cli import evaluation_page

        evaluation_page.write(told, html)
    if as_json:
        print_json(told)
    else:
        _show_evaluation(told)
    if told["suspected_leaks"]:
        raise typer.Exit(FINDING)


def _show_evaluation(told: dict[str, Any]) -> None:
    rows: list[tuple[Any, ...]] = [("the line", told["rows"], f"{told['line']['mae']:.3f}", "", "", "", "")]
    for system, f in told["systems"].items():
        if not f["n"]:
            rows.append((system, 0, "", "", "", "", ""))
            continue
        gap = f["mae_minus_line"]
        apart = f"{gap['value']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]" if gap else "-"
        loss = "-" if f["log_loss"] is None else f"{f['log_loss'] - f['market_log_loss']:+.4f}"
        rows.append((system, f["n"], f"{f['mae']:.3f}", apart, _hit(f, "all"), _hit(f, "e3"), loss))
    columns = ("system", "rows", "MAE", "less the line's", "hits", "edge 3+", "log loss - market")
    print_table(f"{told['first']} to {told['last']}", columns, rows)
    print_lines([f"always-under: {told['always_under']['rate']:.1%} of {told['always_under']['n']}"])
    print_lines([f"suspected leak: {leak}" for leak in told["suspected_leaks"]])


def _hit(f: dict[str, Any], edge: str) -> str:
    rate = f["hit"][edge]
    return "-" if rate["rate"] is None else f"{rate['rate']:.1%} of {rate['n']}"
