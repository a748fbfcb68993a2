"""``props train`` and ``props models``: training, the registry, gates, promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from backfill_jobs.cli.dates import EvalEnd, EvalStart, TrainEnd, TrainStart
from backfill_jobs.cli.framework import (
    FINDING,
    MOST_DAYS,
    Json,
    backend,
    checking_arguments,
    print_json,
    print_lines,
    program,
    show,
    system_named,
)
from backfill_jobs.cli.progress import Bars, waiting
from backfill_jobs.cli.tables import print_table

if TYPE_CHECKING:
    from shared.application.models.promotion import Promotion
    from shared.domain.promotion import Gate

models = program("Trained models: states, gates, promotion.")

Model = Annotated[str, typer.Argument(help="Model id, or the name given at its training.")]
Reason = Annotated[str, typer.Option(help="Kept with the change.")]


def train(
    system: Annotated[str, typer.Argument(help="catboost_v9, line_anchored_v1 or another with a model.")],
    train_start: TrainStart,
    train_end: TrainEnd,
    eval_start: EvalStart,
    eval_end: EvalEnd,
    name: Annotated[str | None, typer.Option(help="A name for people.")] = None,
    as_json: Json = False,
) -> None:
    """Train a model on one window and judge it on a later one; it becomes a candidate."""
    from shared.application.training.experiments import TrainExperiment, plain
    from shared.application.training.train import checked
    from shared.backends import BackendSettings

    with checking_arguments():
        window = checked(system, train_start, train_end, eval_start, eval_end)
    use = backend()
    job = TrainExperiment(use.warehouse, use.models, use.model_folder, BackendSettings().build_commit)
    with Bars() as bars:
        told = plain(job(window, name, use.clock.now(), bars))
    m = told["metrics"]
    lines = [
        f"{told['model_id']}: {told['train_rows']} rows, {told['trees']} trees",
        f"judged on {m['n']} later rows: MAE {m['mae']:.3f}, bias {m['bias']:+.3f}",
    ]
    if m["line_n"]:
        lines.append(
            f"with a line ({m['line_n']}): MAE {m['lined_mae']:.3f}, the line {m['line_mae']:.3f}, "
            f"mean(predicted - line) {m['line_bias']:+.2f}"
        )
    show(as_json, told, [*lines, f"candidate, experiment {told['experiment_id']}: {told['path']}"])


@models.command("list", examples=("props models list",))
def models_list(as_json: Json = False) -> None:
    """Every registered model, its state and its window."""
    from shared.application.models.registry import Registry

    found = Registry(backend().warehouse).models()
    if as_json:
        print_json({"models": found})
        return
    if not found:
        print_lines(["no model is registered; props train --help says how one is made"])
        return
    rows = [
        (m["model_id"], m["state"], m["training_start_date"], m["training_end_date"], m["evaluation_mae"])
        for m in found
    ]
    print_table(None, ("model", "state", "trained from", "to", "MAE"), rows)


@models.command("show", examples=("props models show MODEL",))
def models_show(model: Model, as_json: Json = False) -> None:
    """One model with its gates as they stand now."""
    from shared.application.models.registry import Registry

    use = backend()
    found = Registry(use.warehouse).find(model)
    with waiting("asking the gates"):
        gates = _promotion().gates(model)
    if as_json:
        print_json({**found, "gates": [vars(g) for g in gates]})
        return
    print_lines([f"{k}: {v}" for k, v in found.items() if v is not None])
    _show_gates(gates)


@models.command("compare", examples=("props models compare MODEL MODEL",))
def models_compare(a: Model, b: Model, as_json: Json = False) -> None:
    """Two models on the graded rows that both predicted, with a date-resampled interval."""
    with waiting("comparing where both predicted"):
        told = _promotion().compare(a, b)
    gap = told["difference"]
    lines = [f"{told['rows']} rows on {told['dates']} dates"]
    lines += [f"{model}: MAE {mae:.3f}" for model, mae in told["mae"].items()]
    if gap:
        lines.append(f"difference {gap['value']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]")
    show(as_json, told, lines)


@models.command("shadow", examples=("props models shadow MODEL --reason REASON",))
def models_shadow(model: Model, reason: Reason, as_json: Json = False) -> None:
    """Put a candidate on trial; SHADOW_MODEL_PATHS makes it run beside the champion."""
    _move(model, "shadow", reason, as_json)


@models.command("promote", examples=("props models promote MODEL --reason REASON",))
def models_promote(
    model: Model,
    reason: Reason,
    override: Annotated[
        bool, typer.Option("--override", help="Promote although gates fail; recorded with the reason.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a model the champion; refused, naming the gates, unless all of them pass."""
    with waiting("asking the gates"):
        told = _promotion().promote(model, reason, override)
    if as_json:
        print_json(
            {
                "model_id": told.model_id,
                "promoted": told.promoted,
                "overridden": told.overridden,
                "gates": [vars(g) for g in told.gates],
            }
        )
    else:
        _show_gates(told.gates)
        failed = ", ".join(g.name for g in told.failed)
        if told.promoted:
            print_lines([f"{told.model_id} is the champion" + (f", overriding {failed}" if failed else "")])
        else:
            print_lines([f"{told.model_id} is not promoted: {failed}"])
    if not told.promoted:
        raise typer.Exit(FINDING)


@models.command("retire", examples=("props models retire MODEL --reason REASON",))
def models_retire(model: Model, reason: Reason, as_json: Json = False) -> None:
    """Take a model out of use."""
    _move(model, "retired", reason, as_json)


@models.command("block", examples=("props models block MODEL --reason REASON",))
def models_block(model: Model, reason: Reason, as_json: Json = False) -> None:
    """Take a model out of use for good."""
    _move(model, "blocked", reason, as_json)


@models.command("verify", examples=("props models verify MODEL",))
def models_verify(model: Model, as_json: Json = False) -> None:
    """Read the bundle, check its hash and its golden rows."""
    from shared.application.models.registry import Registry
    from shared.model_registry.loading import load_model

    use = backend()
    found = Registry(use.warehouse).find(model)
    with waiting("reading the bundle"):
        loaded = load_model(use.models, found["system_id"], found["path"], found["sha256"])
    told = {
        "model_id": loaded.model_id,
        "sha256": loaded.sha256,
        "verified": loaded.verified,
        "warnings": loaded.warnings,
    }
    said = "its golden rows come out" if loaded.verified else "no golden row proves it"
    show(as_json, told, [f"{loaded.model_id}: the file is the one registered, {said}", *loaded.warnings])
    if loaded.warnings:
        raise typer.Exit(FINDING)


@models.command("deployable", examples=("props models deployable MODEL_PATH --system SYSTEM",))
def models_deployable(
    path: Annotated[str, typer.Argument(help="Of the .cbm that would be deployed.")],
    system: Annotated[
        str, typer.Option(parser=system_named, metavar="SYSTEM", help="The system that it would serve.")
    ] = "catboost_v9",
    override: Annotated[str | None, typer.Option(help="Reason to deploy what is not the champion.")] = None,
    as_json: Json = False,
) -> None:
    """Whether an artefact may be deployed: only the registry's champion may, unless overridden."""
    from shared.application.models.deployable import load_deployable
    from shared.application.models.registry import Registry

    use = backend()
    found = load_deployable(Registry(use.warehouse), use.models, system, path, override)
    told = {"model_id": found.model.model_id, "sha256": found.model.sha256, "overridden": found.objection}
    said = f"{found.model.model_id}, sha256 {found.model.sha256}"
    verdict = f"overridden although {found.objection}" if found.objection else "may"
    show(as_json, told, [f"{said}: {verdict}"])


@models.command("health", examples=("props models health --days 7",))
def models_health(
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="Game dates back from yesterday.")] = 7,
    as_json: Json = False,
) -> None:
    """How the serving models did on live rows: HEALTHY, WATCH or RETRAIN; exit 1 for the last."""
    from dataclasses import asdict
    from datetime import timedelta

    from shared.application.models.health import ModelHealth
    from shared.domain.instants import eastern_date

    use = backend()
    with waiting("judging graded rows"):
        found = ModelHealth(use.warehouse)(eastern_date(use.clock.now()) - timedelta(days=1), days)
    if as_json:
        print_json({"systems": {s: asdict(c) for s, c in found.items()}})
    else:
        rows = [
            (s, c.health.value, c.n, _points(c.mae), _points(c.line_mae), _points(c.line_bias), c.why)
            for s, c in found.items()
        ]
        print_table(None, ("system", "health", "rows", "MAE", "line", "bias", "why"), rows)
    if any(c.health.value == "RETRAIN" for c in found.values()):
        raise typer.Exit(FINDING)


def _points(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _move(model: str, to: str, reason: str, as_json: bool) -> None:
    from shared.application.models.registry import Registry, State

    changes = Registry(backend().warehouse).change_state(model, State(to), reason)
    lines = [f"{c['model_id']}: {c['from_state']} -> {c['to_state']}" for c in changes]
    show(as_json, {"changes": changes}, lines or [f"{model} is {to} already"])


def _promotion() -> Promotion:
    from shared.application.models.promotion import Promotion

    use = backend()
    return Promotion(use.warehouse, use.models, use.clock)


def _show_gates(gates: list[Gate]) -> None:
    rows = [("OK" if g.passed else "FAILED", g.name, g.evidence) for g in gates]
    print_table("Gates", ("", "gate", "evidence"), rows)
