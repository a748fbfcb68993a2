"""``props evaluate``, ``explain`` and ``replay``: measure systems, and explain or recompute a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from backfill_jobs.cli.dates import First, Last, days_option
from backfill_jobs.cli.framework import FINDING, Json, Systems, connect_backend, parse_systems
from backfill_jobs.cli.output import print_json, print_lines, print_table, show
from backfill_jobs.cli.progress import Bars, waiting


def replay(
    prediction_id: Annotated[str, typer.Argument(help="Id of a stored prediction.")], as_json: Json = False
) -> None:
    """Recompute a stored prediction from its snapshot and bundle; exit 1 if anything differs."""
    from shared.application.prediction.replay import Replay

    backend = connect_backend()
    with waiting("recomputing the prediction"):
        comparison = Replay(backend.warehouse, backend.models)(prediction_id)
    lines = [f"{k}: stored {a!r}, recomputed {b!r}" for k, (a, b) in comparison.differences.items()]
    value = {
        "prediction_id": prediction_id,
        "equal": comparison.is_equal,
        "differences": {k: {"stored": a, "recomputed": b} for k, (a, b) in comparison.differences.items()},
    }
    show(as_json, value, lines or [f"{prediction_id}: identical, bit for bit"])
    if not comparison.is_equal:
        raise typer.Exit(FINDING)


def explain(
    prediction_id: Annotated[str, typer.Argument(help="Id of a stored prediction.")], as_json: Json = False
) -> None:
    """Explain a stored prediction: its inputs, line and model, and terms whose sum is the prediction."""
    from shared.application.prediction.replay import Replay
    from shared.domain.instants import eastern_text

    backend = connect_backend()
    with waiting("explaining the prediction"):
        explanation = Replay(backend.warehouse, backend.models).explain(prediction_id)
    if as_json:
        print_json(explanation)
        return
    p, line, model = explanation["prediction"], explanation["line"], explanation["model"]
    quote = "no line" if line["current_points_line"] is None else f"line {line['current_points_line']:.1f}"
    print_lines(
        [
            f"{p['player_lookup']} in {p['game_id']}, {p['system_id']}: {p['predicted_points']:.1f} points, "
            f"{quote}, {p['recommendation']}; confidence score {p['confidence_score']:.0f} of 100"
            f"{_chance(p)}",
            f"model {model['model_id'] or 'a formula'}, features {model['feature_snapshot_id']} as of "
            f"{eastern_text(p['as_of'])}",
        ]
    )
    features, terms = explanation["features"], explanation["terms"]
    rows = []
    for name, points in list(terms.items())[:15]:
        value = features.get(name, {})
        rows.append((name, f"{points:+.3f}", value.get("value"), value.get("source", "")))
    print_table("Terms, the largest first", ("term", "points", "value", "source"), rows)
    print_lines([f"{len(terms)} terms, sum {explanation['sum']:.4f}, prediction {p['raw_prediction']:.4f}"])


def _chance(prediction: Mapping[str, Any]) -> str:
    """Return the probability and the reason for no bet as text; empty for a system without probabilities."""
    probability, reason = prediction["prob_over"], prediction["no_bet_reason"]
    text = "" if probability is None else f", P(over) {probability:.0%}"
    return text if reason is None else f"{text}, no bet: {reason.replace('_', ' ')}"


def evaluate(
    start: First,
    end: Last,
    systems: Systems = None,
    refit_every: Annotated[int, days_option("Days between two fits.")] = 28,
    train_days: Annotated[
        int | None, days_option("Days to train on; default: those of the model's recipe.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write an HTML page with reliability plots.")] = None,
    as_json: Json = False,
) -> None:
    """Walk forward over played dates: all systems on the same rows, compared to the line and always-under."""
    from shared.application.training.evaluation import EVALUATED, Evaluate

    backend = connect_backend()
    with Bars() as bars:
        evaluation = Evaluate(backend.warehouse)(
            start,
            end,
            backend.clock.now(),
            systems=parse_systems(systems, EVALUATED) or EVALUATED,
            refit_days=refit_every,
            train_days=train_days,
            progress=bars,
        )
    if html is not None:
        from backfill_jobs.cli.pages import write_evaluation

        write_evaluation(evaluation, html)
    if as_json:
        print_json(evaluation)
    else:
        _show_evaluation(evaluation)
    if evaluation["suspected_leaks"]:
        raise typer.Exit(FINDING)


def _show_evaluation(report: dict[str, Any]) -> None:
    rows: list[tuple[Any, ...]] = [("line", report["rows"], f"{report['line']['mae']:.3f}", "", "", "", "")]
    for system, f in report["systems"].items():
        if not f["n"]:
            rows.append((system, 0, "", "", "", "", ""))
            continue
        d = f["mae_minus_line"]
        interval = f"{d['value']:+.3f} [{d['low']:+.3f}, {d['high']:+.3f}]" if d else "-"
        loss = "-" if f["log_loss"] is None else f"{f['log_loss'] - f['market_log_loss']:+.4f}"
        rows.append((system, f["n"], f"{f['mae']:.3f}", interval, _hit(f, "all"), _hit(f, "e3"), loss))
    columns = ("system", "rows", "MAE", "minus line MAE", "hits", "edge 3+", "log loss - market")
    print_table(f"{report['first']} to {report['last']}", columns, rows)
    print_lines([f"always-under: {report['always_under']['rate']:.1%} of {report['always_under']['n']}"])
    print_lines([f"suspected leak: {leak}" for leak in report["suspected_leaks"]])


def _hit(f: dict[str, Any], edge: str) -> str:
    rate = f["hit"][edge]
    return "-" if rate["rate"] is None else f"{rate['rate']:.1%} of {rate['n']}"
