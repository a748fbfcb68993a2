"""Commands that read: coverage, signals, performance, validation, SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backfill_jobs.cli.alerting import tell, webhook
from backfill_jobs.cli.dates import Dates, Day, End, Start, ranges
from backfill_jobs.cli.framework import (
    FINDING,
    MOST_DAYS,
    Json,
    backend,
    checking_arguments,
    json_value,
    print_json,
    print_lines,
    system_named,
)
from backfill_jobs.cli.progress import Bars, waiting
from backfill_jobs.cli.tables import print_table

if TYPE_CHECKING:
    from shared.application.grading.signals import Evidence
    from shared.backends import Backend, ModelSettings
    from shared.domain.findings import Finding
    from shared.domain.statistics import Rate


def coverage(
    dates: Dates = None, start_date: Start = None, end_date: End = None, as_json: Json = False
) -> None:
    """Grading coverage: graded of due by system, and why the rest is not due. Exit 0, 1 or 2 by level."""
    from shared.application.grading.coverage import GradingCoverage
    from shared.domain.coverage import SEVERITY

    spans = ranges(dates, start_date, end_date)
    first, last = min(a for a, _ in spans), max(b for _, b in spans)
    if len(spans) > 1 and (last - first).days + 1 != len(spans):
        raise typer.BadParameter("--dates: wanted consecutive dates; ask for others one by one")
    use = backend()
    with waiting("counting what is due and what is graded"):
        found = GradingCoverage(use.warehouse, use.clock)(first, last)
    if as_json:
        print_json({"systems": {s: c.plain() for s, c in found.items()}})
    else:
        rows = [
            (
                s,
                c.predictions,
                c.due,
                c.graded,
                "-" if c.coverage is None else f"{c.coverage:.1%}",
                c.level.value,
                ", ".join(f"{n} {why}" for why, n in c.undue.items()),
            )
            for s, c in found.items()
        ]
        columns = ("system", "rows", "due", "graded", "cover", "level", "not due")
        print_table(f"Grading coverage {first} to {last}", columns, rows)
        print_lines(
            [
                f"{s}: {c.incomplete_box_score} due rows wait, incomplete box score"
                for s, c in found.items()
                if c.incomplete_box_score
            ]
        )
    worst = max(SEVERITY[c.level] for c in found.values())
    if worst:
        raise typer.Exit(worst)


def signal(
    day: Day,
    system: Annotated[
        str | None, typer.Option(parser=system_named, metavar="SYSTEM", help="Only this system.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The signal of a game date, and what became of days like it. Advice, never more."""
    from shared.application.grading.signals import SignalReport

    with waiting("reading the signals and what became of such days"):
        told = SignalReport(backend().warehouse)(day)
    found = [row for row in told if system in (None, row["system_id"])]
    if as_json:
        print_json(
            {
                "game_date": day.isoformat(),
                "signals": [{**row, "evidence": [asdict(e) for e in row["evidence"]]} for row in found],
            }
        )
        return
    rows = [
        (
            r["system_id"], r["daily_signal"], r["total_picks"], _one(r["pct_over"]), _one(r["pct_under"]),
            r["high_edge_picks"], _two(r["avg_pvl"]), r["stake_multiplier"],
        )
        for r in found
    ]  # fmt: skip
    columns = (
        "system", "signal", "rows", "over", "under", "5+", "p-l", "stake",
    )  # fmt: skip
    print_table(f"Signals of {day}", columns, rows)
    print_lines(
        [
            "rows: those with a line; over, under: percent of them; 5+: edges of 5 points and more; "
            "p-l: mean(predicted - line)",
            *map(_explained, found),
        ]
    )
    evidence = [
        (
            r["system_id"], e.counted_as, e.days, _rate(e.such), e.green_days, _rate(e.green),
            _tests(e),
        )
        for r in found for e in r["evidence"]
    ]  # fmt: skip
    if evidence:
        heads = (
            "system", "of", "days", "hit rate", "GREEN", "hit rate", "p naive / by date",
        )  # fmt: skip
        print_table("High-edge picks of days like it, earlier dates only", heads, evidence)
    else:
        print_lines(["no graded high-edge picks of earlier days: nothing is known of such days"])


def _explained(row: dict[str, Any]) -> str:
    """The rule that decided, and whether the model is in doubt whatever the colour."""
    from shared.domain.signals import ALARM

    said = f"{row['system_id']}: {row['daily_signal']}, {row['signal_explanation']}"
    if row["avg_pvl"] is None or abs(row["avg_pvl"]) <= ALARM:
        return said
    return f"{said}; p-l beyond {ALARM} points: the model is in doubt"


def performance(
    system: Annotated[
        str,
        typer.Option(parser=system_named, metavar="SYSTEM", help="The system, for example catboost_v9."),
    ],
    days: Annotated[
        int, typer.Option(min=1, max=MOST_DAYS, help="Game dates back from today, 7 or 30 for example.")
    ] = 30,
    by: Annotated[str | None, typer.Option(help="Split by signal, model_sha256 or edge.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with a plot here.")] = None,
    as_json: Json = False,
) -> None:
    """MAE, bias and hit rate of the last days, beside the line and beside always-under."""
    from shared.application.grading.performance import Performance, check_question

    with checking_arguments():
        check_question(system, by)
    use = backend()
    with waiting("judging graded rows"):
        found = Performance(use.warehouse, use.clock)(system, days, by)
    if html is not None:
        from backfill_jobs.cli.performance_page import write

        write(found, html)
    if as_json:
        print_json(found)
    else:
        columns = (
            "rows", "group", "n", "MAE", "bias", "lined n", "lined MAE", "line MAE", "under",
            "hit rate, 95 %",
        )  # fmt: skip
        rows = [
            (
                g["counted_as"], g["group"], g["n"], _two(g["mae"]), _two(g["bias"]), g["lined_n"],
                _two(g["lined_mae"]), _two(g["line_mae"]), _percent(g["always_under"]["rate"]),
                _rate_of(g["hit"]),
            )
            for g in found["groups"]
        ]  # fmt: skip
        span = f"{found['first']} to {found['last']}"
        if rows:
            print_table(f"{system}, {span}", columns, rows)
        else:
            print_lines([f"{system}: no graded row from {span}"])
        if html is not None:
            print_lines([f"report: {html}"])
    if not found["groups"]:
        raise typer.Exit(FINDING)


def validate_daily(
    day: Day,
    alert: Annotated[
        bool, typer.Option("--alert", help="Tell ALERT_WEBHOOK_URL of what is new, worse or resolved.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a game date from schedule to serving model. Exit 0, 1 or 2 by the worst finding."""
    from shared.application.validation.daily import ValidateDaily

    receiver = webhook() if alert else None
    use = backend()
    with Bars() as bars:
        validate = ValidateDaily(
            use.warehouse, use.runs, use.documents, use.models, use.clock, use.dead_letters
        )
        found = validate(day, bars)
    about = {"game_date": day.isoformat()}
    if receiver is not None:
        about["alert"] = tell(receiver, use, day, found)
    _show_findings(found, about, f"{day}: ", as_json)


def doctor(as_json: Json = False) -> None:
    """Check installation, backend, inputs, models and services. Exit 0, 1 or 2 by the worst finding."""
    from shared.backends import ModelSettings, connect
    from shared.domain.findings import critical, ok
    from shared.errors import AppError

    settings = ModelSettings()
    gcp = settings.props_backend == "gcp"
    where = (
        f"Google Cloud, project {settings.gcp_project_id}" if gcp else f"embedded, in {settings.props_home}"
    )
    try:
        use = connect(settings)
    except AppError as exc:
        remedy = "set GCP_PROJECT_ID" if gcp else "set PROPS_HOME to a folder that can be written"
        found = [critical("backend", str(exc), remedy)]
    else:
        with waiting("asking the store, the models and the services"):
            found = [ok("backend", where), *_checked(use, settings)]
    _show_findings(found, {"home": str(settings.props_home)}, "", as_json)


def _checked(use: Backend, settings: ModelSettings) -> list[Finding]:
    from backfill_jobs.cli.service_checks import ServiceUrls, ask_services
    from shared.application.operations.doctor import Doctor
    from shared.domain.instants import eastern_date

    paths, hashes = settings.model_paths(), settings.expected_sha256()
    today = eastern_date(use.clock.now())
    doctor = Doctor(use.warehouse, use.documents, use.models, paths, hashes, today)
    return [*doctor(), *ask_services(ServiceUrls())]


def _show_findings(found: Sequence[Finding], about: dict[str, str], title: str, as_json: bool) -> None:
    """Print them; ``typer.Exit`` by the worst."""
    from shared.domain.findings import EXIT, worst

    severity = worst(found)
    if as_json:
        print_json({**about, "severity": severity.value, "findings": [asdict(f) for f in found]})
    else:
        rows = [
            (f.severity.value, f.check, f.evidence + (f"\n-> {f.remedy}" if f.remedy else "")) for f in found
        ]
        print_table(f"{title}{severity.value}", ("", "check", "evidence -> remedy"), rows)
    if EXIT[severity]:
        raise typer.Exit(EXIT[severity])


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT in BigQuery's dialect.")], as_json: Json = False
) -> None:
    """Ask the warehouse; read-only, the same SQL on every backend, or a refusal."""
    from shared.application.queries.sql import ReadOnlySql

    with waiting("asking the warehouse"):
        rows = ReadOnlySql(backend().warehouse)(query)
    if as_json:
        print_json({"rows": [{name: json_value(v) for name, v in row.items()} for row in rows.to_pylist()]})
    else:
        print_table(None, rows.column_names, [tuple(r.values()) for r in rows.to_pylist()])
        print_lines([f"{rows.num_rows} rows"])


def _tests(e: Evidence) -> str:
    ps = [d.p if d else None for d in (e.naive, e.clustered)]
    return " / ".join("-" if p is None else f"{p:.4f}" for p in ps)


def _one(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _rate(rate: Rate) -> str:
    return _rate_of(asdict(rate))


def _rate_of(rate: dict[str, Any]) -> str:
    if rate["rate"] is None:
        return "no pick"
    return f"{rate['rate']:.1%} [{100 * rate['low']:.0f}-{100 * rate['high']:.0f}] n={rate['n']}"
