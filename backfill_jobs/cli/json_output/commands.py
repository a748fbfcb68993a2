"""The type of what each command prints with ``--json``.

Commands do not import this module, since it imports every use case.
"""

# Types are made from tables and dataclasses by functions:
# mypy: disable-error-code="valid-type, misc"

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

from backfill_jobs.cli.bench import BenchResult
from backfill_jobs.cli.deadletters import MessageDetails, MessageSummary, ReplayResult
from backfill_jobs.cli.json_output.evaluation import EvaluationReport
from backfill_jobs.cli.json_output.feeds import FEED_OUTPUT, TableName
from backfill_jobs.cli.json_output.types import Step, SystemId, row_of, struct, variant
from backfill_jobs.demo.figures import Summary
from shared.application.backfill.results import DateResult
from shared.application.features import diagnosis
from shared.application.features.build import Build
from shared.application.grading.grade import GradeStatus
from shared.application.grading.performance import Figures
from shared.application.grading.signals import Evidence
from shared.application.ingestion.problems import Note
from shared.application.models.promotion import Comparison, Verdict
from shared.application.operations.readiness import Checks
from shared.application.prediction.replay import LINE_COLUMNS, MODEL_COLUMNS, PREDICTION_COLUMNS
from shared.application.runs.request import RunRequest
from shared.application.views.run_list import RunRow
from shared.application.views.run_progress import RunProgress
from shared.domain.coverage import Coverage, Level
from shared.domain.findings import Finding, Severity
from shared.domain.model_health import HealthAssessment
from shared.domain.promotion import Gate
from shared.model_registry.bundle import Metrics
from shared.schemas.deployments import DEPLOYMENTS
from shared.schemas.models import MODEL_REGISTRY, MODEL_STATE_CHANGES
from shared.schemas.predictions import DAILY_PREDICTION_SIGNALS, PLAYER_PROP_PREDICTIONS

Feature = Annotated[str, Meta(title="FEATURE")]
Field = Annotated[str, Meta(title="FIELD")]


class Load(TypedDict):
    """Rows read, and rows that were new or changed, by table. ``replaced``: rows whose earlier version was
    stored."""

    read: dict[TableName, int]
    changed: dict[TableName, int]
    notes: list[variant(Note, "A remark on loaded rows; ``example`` is the first.", without=("dates",))]
    replaced: int
    moved: list[struct("MovedGame", "A game with a new id.", game_id=str, moved_to=str)]


class Doctor(TypedDict):
    """``home``: the folder of the state. ``severity``: that of the worst finding."""

    home: str
    severity: Severity
    findings: list[Finding]


class DateErrors(TypedDict):
    """Errors of a date in points; the MAEs cover the rows with a line."""

    game_date: date
    n: int
    lined_mae: float | None
    line_mae: float | None


class Performance(TypedDict):
    """Figures by kind of row (``counted_as``) and group; without ``--by`` the group is ``all``."""

    system: str
    first: date
    last: date
    by: str | None
    groups: list[variant(Figures, counted_as=str, group=str)]
    dates: list[DateErrors]


class ValidateDaily(TypedDict):
    """``severity``: that of the worst finding. ``alert``: with ``--alert``, whether an alert was sent."""

    game_date: date
    alert: NotRequired[Literal["sent", "no news", "failed"]]
    severity: Severity
    findings: list[Finding]


class BuiltDates(TypedDict):
    """The builds, one for each game date."""

    built: list[variant(Build, mode=Literal["live", "backfill"])]
    dry_run: bool


class MissingPlayer(TypedDict):
    """An expected player without features."""

    player_lookup: str
    player_id: int | None
    reason: str


class Phase(TypedDict):
    """A step of the preparation that has ended."""

    completed_at: datetime
    status: str
    record_count: int
    execution_id: str


Diagnosis = variant(
    diagnosis.Diagnosis,
    "``coverage``: present / expected players, 0-1. ``quality``: 0-100. ``remedy``: the command to fix it. "
    "``phases``: the steps that have ended, with their number as ``_completed_count``.",
    without=("quoted", "unmatched"),
    mode=Literal["live", "backfill"],
    coverage=float | None,
    missing=list[MissingPlayer],
    features=dict[Feature, diagnosis.FeatureState],
    phases=dict[Step, Phase | int] | None,
)


class Execution(TypedDict):
    """One execution of the command, with the results of the dates that are done."""

    job_id: str
    arguments: dict[str, Any]
    state: Literal["running", "ended"]
    started_at: datetime
    ended_at: datetime | None
    dates: dict[Annotated[str, Meta(title="DATE")], DateResult]


class Predictions(TypedDict, total=False):
    """The results by date; with ``--status`` only ``jobs``, the newest first."""

    dry_run: bool
    dates: list[DateResult]
    jobs: list[Execution]


class IncompleteBoxScore(TypedDict):
    """A game that cannot be graded yet; ``missing``: what its box score lacks."""

    game_id: str
    missing: str


class GradedDate(TypedDict):
    """``pending``: rows that a later run grades."""

    game_date: date
    status: GradeStatus
    graded: int
    pending: int
    incomplete_box_scores: list[IncompleteBoxScore]


class Grades(TypedDict):
    """Numbers of rows. ``by_system`` counts graded rows of champions, ``by_kind`` all graded rows.

    ``changed``: rows that are new or differ from the stored ones.
    """

    outcomes: dict[Annotated[str, Meta(title="OUTCOME")], int]
    by_system: dict[SystemId, int]
    by_kind: dict[Annotated[str, Meta(title="KIND")], int]
    changed: int
    dry_run: bool
    dates: list[GradedDate]


class Signals(TypedDict):
    """The signal of each system, with the results of earlier days that had the same signal."""

    game_date: date
    signals: list[row_of(DAILY_PREDICTION_SIGNALS, evidence=list[Evidence])]


Run = variant(
    RunRow, "``took``: seconds from opening to closing, null while it is under way.", took=float | None
)


class Players(TypedDict):
    """Numbers of players; ``done``: with an outcome. An outcome without players is left out."""

    expected: int
    done: int
    predicted: NotRequired[int]
    skipped: NotRequired[int]
    failed: NotRequired[int]
    pending: NotRequired[int]


RunDetails = variant(
    RunProgress,
    "A run as in the list, its request, and its results. ``away``: sources that did not respond.",
    without=("unavailable",),
    run=Run,
    request=RunRequest,
    progress=Players,
    away=list[str],
)


class Explanation(TypedDict):
    """Inputs, line and model of a prediction, and terms in points. ``clamped``: their sum is not in 0-60."""

    prediction: row_of(PLAYER_PROP_PREDICTIONS, PREDICTION_COLUMNS)
    line: row_of(PLAYER_PROP_PREDICTIONS, LINE_COLUMNS)
    model: row_of(PLAYER_PROP_PREDICTIONS, MODEL_COLUMNS)
    features: dict[Feature, struct("Input", None, value=float | None, source=str)]
    context: dict[str, float | None]
    terms: dict[Annotated[str, Meta(title="TERM")], float]
    sum: float
    clamped: bool


StateChanges = struct(
    "StateChanges",
    "The changes; none if the model was in that state already.",
    changes=list[row_of(MODEL_STATE_CHANGES)],
)

JSON_OUTPUT: dict[str, Any] = {
    "props demo": Summary,
    "props load": Load,
    "props doctor": Doctor,
    "props predict": Predictions,
    "props grade": Grades,
    "props coverage": struct(
        "Coverages",
        "Grading coverage; ``coverage`` is 0-1.",
        systems=dict[SystemId, variant(Coverage, coverage=float | None, level=Level)],
    ),
    "props signal": Signals,
    "props performance": Performance,
    "props validate-daily": ValidateDaily,
    "props train": struct(
        "TrainedModel", "The model, and its figures on the later period.",
        experiment_id=str, model_id=str, path=str, sha256=str, train_rows=int, trees=int, metrics=Metrics,
    ),
    "props evaluate": EvaluationReport,
    "props explain": Explanation,
    "props replay": struct(
        "Replay", "The fields whose stored and recomputed values are not equal, bit for bit.",
        prediction_id=str, equal=bool,
        differences=dict[Field, struct("Values", None, stored=Any, recomputed=Any)],
    ),
    "props sql": struct(
        "Rows",
        "The rows of the result; NaN, infinities and decimals are text.",
        rows=list[dict[Annotated[str, Meta(title="COLUMN")], Any]],
    ),
    "props bench": list[BenchResult],
    "props features build": BuiltDates,
    "props features invalidate": struct("Invalidated", "Number of invalidated snapshots.", invalidated=int),
    "props mlfs diagnose": Diagnosis,
    "props runs list": struct("Runs", "The newest runs.", runs=list[Run]),
    "props runs show": RunDetails,
    "props runs check-stalled": struct("EndedRuns", "Ids of the runs that were ended.", ended=list[str]),
    "props models list": struct(
        "Models", "Models, the latest training end first.", models=list[row_of(MODEL_REGISTRY)]
    ),
    "props models show": row_of(MODEL_REGISTRY, gates=list[Gate]),
    "props models compare": Comparison,
    "props models shadow": StateChanges,
    "props models promote": Verdict,
    "props models retire": StateChanges,
    "props models block": StateChanges,
    "props models verify": struct(
        "VerifiedModel", "``verified``: the golden rows match; false if the bundle has none.",
        model_id=str, sha256=str, verified=bool, warnings=list[str],
    ),
    "props models deployable": struct(
        "Deployable", "``overridden``: why the model would be refused without ``--override``.",
        model_id=str, sha256=str, overridden=str | None,
    ),
    "props models health": struct(
        "Healths", "Health by serving model.", systems=dict[SystemId, HealthAssessment]
    ),
    **FEED_OUTPUT,
    "props deadletters list": struct("Messages", "Stored messages.", messages=list[MessageSummary]),
    "props deadletters show": MessageDetails,
    "props deadletters replay": ReplayResult,
    "props deployments list": struct(
        "Deployments", "Deployments, the newest first.", deployments=list[row_of(DEPLOYMENTS)]
    ),
    "props deployments check": Checks,
    "props deployments schema": struct(
        "Differences", "Tables and columns that differ.", differences=list[str]
    ),
    "props deployments record": row_of(DEPLOYMENTS),
}  # fmt: skip
"""The type of each command's output."""
