"""``props train`` and ``props models``: training, the registry, gates, promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from backfill_jobs.cli.dates import EvalEnd, EvalStart, TrainEnd, TrainStart, days_option
from backfill_jobs.cli.framework import (
    FINDING,
    Json,
    checking_arguments,
    connect_backend,
    parse_system,
    program,
)
from backfill_jobs.cli.output import hundredths, print_json, print_lines, print_table, show, show_table
from backfill_jobs.cli.progress import Bars, waiting

if TYPE_CHECKING:
    from shared.application.models.promotion import Promotion
    from shared.domain.promotion import Gate

models = program("Trained models: states, gates and promotion.")

Model = Annotated[str, typer.Argument(help="Model id, or the name set at its training.")]
Reason = Annotated[str, typer.Option(help="Stored with the change.")]


def train(
    system: Annotated[str, typer.Argument(help="catboost_v9, line_anchored_v1 or another model system.")],
    train_start: TrainStart,
    train_end: TrainEnd,
    eval_start: EvalStart,
    eval_end: EvalEnd,
    name: Annotated[str | None, typer.Option(help="Readable name of the model.")] = None,
    as_json: Json = False,
) -> None:
    """Train a model on one period and evaluate it on a later one; it becomes a candidate."""
    from shared.application.training.experiments import TrainExperiment, to_json_object
    from shared.application.training.train import validate_window
    from shared.backends import BackendSettings

    with checking_arguments():
        window = validate_window(system, train_start, train_end, eval_start, eval_end)
    backend = connect_backend()
    job = TrainExperiment(
        backend.warehouse, backend.models, backend.model_folder, BackendSettings().build_commit
    )
    with Bars() as bars:
        report = to_json_object(job(window, name, backend.clock.now(), bars))
    m = report["metrics"]
    lines = [
        f"{report['model_id']}: {report['train_rows']} rows, {report['trees']} trees",
        f"evaluated on {m['n']} later rows: MAE {m['mae']:.3f}, bias {m['bias']:+.3f}",
    ]
    if m["line_n"]:
        lines.append(
            f"rows with a line ({m['line_n']}): MAE {m['lined_mae']:.3f}, line MAE {m['line_mae']:.3f}, "
            f"mean(predicted - line) {m['line_bias']:+.2f}"
        )
    show(as_json, report, [*lines, f"candidate, experiment {report['experiment_id']}: {report['path']}"])


@models.command("list", examples=("props models list",))
def models_list(as_json: Json = False) -> None:
    """All registered models with their states and training periods."""
    from shared.application.models.registry import Registry

    registered_models = Registry(connect_backend().warehouse).models()
    rows = [
        (m["model_id"], m["state"], m["training_start_date"], m["training_end_date"], m["evaluation_mae"])
        for m in registered_models
    ]
    columns = ("model", "state", "trained from", "to", "MAE")
    if_empty = "no model is registered; see props train --help"
    show_table(as_json, {"models": registered_models}, columns, rows, if_empty)


@models.command("show", examples=("props models show MODEL",))
def models_show(model: Model, as_json: Json = False) -> None:
    """One model, with the current state of its gates."""
    from shared.application.models.registry import Registry

    backend = connect_backend()
    registered = Registry(backend.warehouse).find(model)
    with waiting("checking the gates"):
        gates = _promotion().gates(model)
    if as_json:
        print_json({**registered, "gates": gates})
        return
    print_lines([f"{k}: {v}" for k, v in registered.items() if v is not None])
    _show_gates(gates)


@models.command("compare", examples=("props models compare MODEL MODEL",))
def models_compare(a: Model, b: Model, as_json: Json = False) -> None:
    """Compare two models on the graded rows that both predicted, with an interval resampled by date."""
    with waiting("comparing the models"):
        comparison = _promotion().compare(a, b)
    d = comparison["difference"]
    lines = [f"{comparison['rows']} rows on {comparison['dates']} dates"]
    lines += [f"{model}: MAE {mae:.3f}" for model, mae in comparison["mae"].items()]
    if d:
        lines.append(f"difference {d.value:+.3f} [{d.low:+.3f}, {d.high:+.3f}]")
    show(as_json, comparison, lines)


@models.command("shadow", examples=("props models shadow MODEL --reason REASON",))
def models_shadow(model: Model, reason: Reason, as_json: Json = False) -> None:
    """Make a candidate a shadow model; set SHADOW_MODEL_PATHS to run it next to the champion."""
    _move(model, "shadow", reason, as_json)


@models.command("promote", examples=("props models promote MODEL --reason REASON",))
def models_promote(
    model: Model,
    reason: Reason,
    override: Annotated[
        bool, typer.Option("--override", help="Promote even if gates fail; recorded with the reason.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a model the champion; refused unless all gates pass."""
    with waiting("checking the gates"):
        decision = _promotion().promote(model, reason, override)
    if as_json:
        print_json(decision)
    else:
        _show_gates(decision.gates)
        failed = ", ".join(g.name for g in decision.failed)
        overridden = f", overriding {failed}" if failed else ""
        verdict = f"the champion{overridden}" if decision.promoted else f"not promoted: {failed}"
        print_lines([f"{decision.model_id} is {verdict}"])
    if not decision.promoted:
        raise typer.Exit(FINDING)


@models.command("retire", examples=("props models retire MODEL --reason REASON",))
def models_retire(model: Model, reason: Reason, as_json: Json = False) -> None:
    """Take a model out of use."""
    _move(model, "retired", reason, as_json)


@models.command("block", examples=("props models block MODEL --reason REASON",))
def models_block(model: Model, reason: Reason, as_json: Json = False) -> None:
    """Take a model out of use permanently."""
    _move(model, "blocked", reason, as_json)


@models.command("verify", examples=("props models verify MODEL",))
def models_verify(model: Model, as_json: Json = False) -> None:
    """Read the bundle of a model and check its hash and its golden rows."""
    from shared.application.models.registry import Registry
    from shared.model_registry.loading import load_model

    backend = connect_backend()
    registered = Registry(backend.warehouse).find(model)
    with waiting("reading the bundle"):
        loaded = load_model(backend.models, registered["system_id"], registered["path"], registered["sha256"])
    report = {name: getattr(loaded, name) for name in ("model_id", "sha256", "verified", "warnings")}
    check = "its golden rows match" if loaded.verified else "it has no golden rows to verify it"
    show(as_json, report, [f"{loaded.model_id}: the file is the registered one, {check}", *loaded.warnings])
    if loaded.warnings:
        raise typer.Exit(FINDING)


@models.command("deployable", examples=("props models deployable MODEL_PATH --system SYSTEM",))
def models_deployable(
    path: Annotated[str, typer.Argument(help="Path of the .cbm file to deploy.")],
    system: Annotated[
        str, typer.Option(parser=parse_system, metavar="SYSTEM", help="System of the model.")
    ] = "catboost_v9",
    override: Annotated[str | None, typer.Option(help="Reason to deploy a non-champion model.")] = None,
    as_json: Json = False,
) -> None:
    """Check that a model may be deployed: only the registry's champion may, unless overridden."""
    from shared.application.models.deployable import load_deployable
    from shared.application.models.registry import Registry

    backend = connect_backend()
    deployable = load_deployable(Registry(backend.warehouse), backend.models, system, path, override)
    model, objection = deployable.model, deployable.objection
    report = {"model_id": model.model_id, "sha256": model.sha256, "overridden": objection}
    verdict = f"overridden although {objection}" if objection else "may be deployed"
    show(as_json, report, [f"{model.model_id}, sha256 {model.sha256}: {verdict}"])


@models.command("health", examples=("props models health --days 7",))
def models_health(
    days: Annotated[int, days_option("Number of game dates up to yesterday.")] = 7,
    as_json: Json = False,
) -> None:
    """Performance of the serving models on live rows: HEALTHY, WATCH or RETRAIN; exit 1 for RETRAIN."""
    from datetime import timedelta

    from shared.application.models.health import ModelHealth
    from shared.domain.instants import eastern_date

    backend = connect_backend()
    with waiting("reading graded rows"):
        health = ModelHealth(backend.warehouse)(eastern_date(backend.clock.now()) - timedelta(days=1), days)
    if as_json:
        print_json({"systems": health})
    else:
        rows = [
            (s, h.health, h.n, *map(hundredths, (h.mae, h.line_mae, h.line_bias)), h.why)
            for s, h in health.items()
        ]
        print_table(None, ("system", "health", "rows", "MAE", "line", "bias", "reason"), rows)
    if any(h.health.value == "RETRAIN" for h in health.values()):
        raise typer.Exit(FINDING)


def _move(model: str, to: str, reason: str, as_json: bool) -> None:
    from shared.application.models.registry import Registry, State

    changes = Registry(connect_backend().warehouse).change_state(model, State(to), reason)
    lines = [f"{c['model_id']}: {c['from_state']} -> {c['to_state']}" for c in changes]
    show(as_json, {"changes": changes}, lines or [f"{model} is already {to}"])


def _promotion() -> Promotion:
    from shared.application.models.promotion import Promotion

    backend = connect_backend()
    return Promotion(backend.warehouse, backend.models, backend.clock)


def _show_gates(gates: list[Gate]) -> None:
    rows = [("OK" if g.passed else "FAILED", g.name, g.evidence) for g in gates]
    print_table("Gates", ("", "gate", "evidence"), rows)
