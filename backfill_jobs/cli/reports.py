"""Read-only commands: coverage, signals, performance, validation, SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backfill_jobs.cli.alerting import configured_webhook, send_alerts
from backfill_jobs.cli.dates import Dates, Day, End, Start, days_option, ranges
from backfill_jobs.cli.framework import FINDING, Json, checking_arguments, connect_backend, parse_system
from backfill_jobs.cli.output import hundredths, json_value, print_json, print_lines, print_table
from backfill_jobs.cli.progress import Bars, waiting

if TYPE_CHECKING:
    from shared.application.grading.signals import Evidence
    from shared.backends import Backend, ModelSettings
    from shared.domain.findings import Finding


def coverage(
    dates: Dates = None, start_date: Start = None, end_date: End = None, as_json: Json = False
) -> None:
    """Grading coverage: graded and due rows by system, and why rows are not due. Exit 0, 1 or 2 by level."""
    from shared.application.grading.coverage import GradingCoverage
    from shared.domain.coverage import SEVERITY

    spans = ranges(dates, start_date, end_date)
    first, last = min(a for a, _ in spans), max(b for _, b in spans)
    if len(spans) > 1 and (last - first).days + 1 != len(spans):
        raise typer.BadParameter("--dates: expected consecutive dates; run other dates separately")
    backend = connect_backend()
    with waiting("counting due and graded rows"):
        coverage_by_system = GradingCoverage(backend.warehouse, backend.clock)(first, last)
    if as_json:
        print_json({"systems": {s: c.plain() for s, c in coverage_by_system.items()}})
    else:
        rows = [
            (
                s, c.predictions, c.due, c.graded, _percent(c.coverage, 1), c.level.value,
                ", ".join(f"{n} {reason}" for reason, n in c.undue.items()),
            )
            for s, c in coverage_by_system.items()
        ]  # fmt: skip
        columns = ("system", "rows", "due", "graded", "cover", "level", "not due")
        print_table(f"Grading coverage {first} to {last}", columns, rows)
        incomplete = {s: c.incomplete_box_score for s, c in coverage_by_system.items()}
        reason = "due rows not graded, incomplete box score"
        print_lines([f"{s}: {n} {reason}" for s, n in incomplete.items() if n])
    if worst := max(SEVERITY[c.level] for c in coverage_by_system.values()):
        raise typer.Exit(worst)


def signal(
    day: Day,
    system: Annotated[
        str | None, typer.Option(parser=parse_system, metavar="SYSTEM", help="Only this system.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The signal of a game date, and the results of similar days. Advice only."""
    from shared.application.grading.signals import SignalReport

    with waiting("reading the signals and the results of similar days"):
        signals = SignalReport(connect_backend().warehouse)(day)
    chosen = [row for row in signals if system in (None, row["system_id"])]
    if as_json:
        print_json({"game_date": day, "signals": chosen})
    else:
        _show_signals(day, chosen)


def _show_signals(day: date, chosen: list[dict[str, Any]]) -> None:
    rows = [
        (
            r["system_id"], r["daily_signal"], r["total_picks"], _tenths(r["pct_over"]),
            _tenths(r["pct_under"]), r["high_edge_picks"], hundredths(r["avg_pvl"]), r["stake_multiplier"],
        )
        for r in chosen
    ]  # fmt: skip
    columns = ("system", "signal", "rows", "over", "under", "5+", "p-l", "stake")
    print_table(f"Signals of {day}", columns, rows)
    key = "rows: rows with a line; over, under: percent of those rows; 5+: edges of 5 points or more; "
    print_lines([f"{key}p-l: mean(predicted - line)", *map(_explanation, chosen)])
    evidence = [
        (
            r["system_id"], e.counted_as, e.days, _rate_text(vars(e.such)), e.green_days,
            _rate_text(vars(e.green)), _p_values(e),
        )
        for r in chosen for e in r["evidence"]
    ]  # fmt: skip
    if evidence:
        heads = ("system", "kind", "days", "hit rate", "GREEN", "hit rate", "p naive / by date")
        print_table("High-edge picks of similar days, earlier dates only", heads, evidence)
    else:
        print_lines(["no graded high-edge picks on similar earlier days"])


def _explanation(row: dict[str, Any]) -> str:
    """Return the rule behind a signal, with a warning if predictions are far from the lines."""
    from shared.domain.signals import ALARM

    rule = f"{row['system_id']}: {row['daily_signal']}, {row['signal_explanation']}"
    if row["avg_pvl"] is None or abs(row["avg_pvl"]) <= ALARM:
        return rule
    return f"{rule}; p-l beyond {ALARM} points: the model is in doubt"


def performance(
    system: Annotated[
        str, typer.Option(parser=parse_system, metavar="SYSTEM", help="The system, for example catboost_v9.")
    ],
    days: Annotated[int, days_option("Number of game dates, back from today; e.g. 7 or 30.")] = 30,
    by: Annotated[str | None, typer.Option(help="Split by signal, model_sha256 or edge.")] = None,
    html: Annotated[Path | None, typer.Option(help="Path of an HTML page with a plot.")] = None,
    as_json: Json = False,
) -> None:
    """MAE, bias and hit rate of the last days, compared with the line and with always-under.

    The column lines counts rows with a line. System MAE and line MAE are of these rows, MAE is of all rows.
    """
    from shared.application.grading.performance import Performance, check_system_and_group

    with checking_arguments():
        check_system_and_group(system, by)
    backend = connect_backend()
    with waiting("reading graded rows"):
        report = Performance(backend.warehouse, backend.clock)(system, days, by)
    if html is not None:
        from backfill_jobs.cli.pages import write_performance

        write_performance(report, html)
    if as_json:
        print_json(report)
    else:
        _show_performance(report)
        if html is not None:
            print_lines([f"report: {html}"])
    if not report["groups"]:
        raise typer.Exit(FINDING)


def _show_performance(report: dict[str, Any]) -> None:
    rows = [
        (
            g["counted_as"], g["group"], g["n"], hundredths(g["mae"]), hundredths(g["bias"]),
            g["lined_n"], hundredths(g["lined_mae"]), hundredths(g["line_mae"]),
            _percent(g["always_under"]["rate"]), _rate_text(g["hit"]),
        )
        for g in report["groups"]
    ]  # fmt: skip
    period = f"{report['first']} to {report['last']}"
    if not rows:
        print_lines([f"{report['system']}: no graded rows from {period}"])
        return
    columns = (
        "kind", "group", "rows", "MAE", "bias", "lines", "system MAE", "line MAE", "under",
        "hit rate, 95 %",
    )  # fmt: skip
    print_table(f"{report['system']}, {period}", columns, rows)


def validate_daily(
    day: Day,
    alert: Annotated[
        bool, typer.Option("--alert", help="Send new, worse and resolved findings to ALERT_WEBHOOK_URL.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a game date, from schedule to serving models. Exit 0, 1 or 2 by the worst finding."""
    from shared.application.validation.daily import ValidateDaily

    webhook = configured_webhook() if alert else None
    backend = connect_backend()
    validate = ValidateDaily(
        backend.warehouse, backend.runs, backend.documents, backend.models, backend.clock,
        backend.dead_letters,
    )  # fmt: skip
    with Bars() as bars:
        findings = validate(day, bars)
    context = {"game_date": day.isoformat()}
    if webhook is not None:
        context["alert"] = send_alerts(webhook, backend, day, findings)
    _show_findings(findings, context, f"{day}: ", as_json)


def doctor(as_json: Json = False) -> None:
    """Check installation, backend, inputs, models and services. Exit 0, 1 or 2 by the worst finding."""
    from shared.backends import ModelSettings, connect
    from shared.domain.findings import critical, ok
    from shared.errors import AppError

    settings = ModelSettings()
    gcp = settings.props_backend == "gcp"
    location = (
        f"Google Cloud, project {settings.gcp_project_id}" if gcp else f"embedded, in {settings.props_home}"
    )
    try:
        backend = connect(settings)
    except AppError as exc:
        remedy = "set GCP_PROJECT_ID" if gcp else "set PROPS_HOME to a writable folder"
        findings = [critical("backend", str(exc), remedy)]
    else:
        with waiting("checking the store, the models and the services"):
            findings = [ok("backend", location), *_run_checks(backend, settings)]
    _show_findings(findings, {"home": str(settings.props_home)}, "", as_json)


def _run_checks(backend: Backend, settings: ModelSettings) -> list[Finding]:
    from backfill_jobs.cli.service_checks import ServiceUrls, check_services
    from shared.application.operations.doctor import Doctor
    from shared.domain.instants import eastern_date

    paths, hashes = settings.model_paths(), settings.expected_sha256()
    today = eastern_date(backend.clock.now())
    doctor = Doctor(backend.warehouse, backend.documents, backend.models, paths, hashes, today)
    return [*doctor(), *check_services(ServiceUrls())]


def _show_findings(findings: Sequence[Finding], context: dict[str, str], title: str, as_json: bool) -> None:
    """Print findings; raise ``typer.Exit`` with the exit code of the worst."""
    from shared.domain.findings import EXIT, worst

    severity = worst(findings)
    if as_json:
        print_json({**context, "severity": severity.value, "findings": findings})
    else:
        texts = [f"{f.evidence}\n-> {f.remedy}" if f.remedy else f.evidence for f in findings]
        rows = [(f.severity.value, f.check, text) for f, text in zip(findings, texts, strict=True)]
        print_table(f"{title}{severity.value}", ("", "check", "evidence -> remedy"), rows)
    if EXIT[severity]:
        raise typer.Exit(EXIT[severity])


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT in BigQuery's dialect.")], as_json: Json = False
) -> None:
    """Query the warehouse, read-only. The SQL dialect is the same on every backend."""
    from shared.application.queries.sql import ReadOnlySql

    with waiting("running the query"):
        table = ReadOnlySql(connect_backend().warehouse)(query)
    if as_json:
        print_json({"rows": [{name: json_value(v) for name, v in row.items()} for row in table.to_pylist()]})
    else:
        print_table(None, table.column_names, [tuple(r.values()) for r in table.to_pylist()])
        print_lines([f"{table.num_rows} rows"])


def _p_values(e: Evidence) -> str:
    ps = [d.p if d else None for d in (e.naive, e.clustered)]
    return " / ".join("-" if p is None else f"{p:.4f}" for p in ps)


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _percent(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:.{digits}%}"


def _rate_text(rate: Mapping[str, Any]) -> str:
    if rate["rate"] is None:
        return "no picks"
    return f"{rate['rate']:.1%} [{100 * rate['low']:.0f}-{100 * rate['high']:.0f}] n={rate['n']}"
