"""A finding names a command only where it can work: before the first tip-off, between tip-offs and after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.application.models.champion_check import heartbeat_fields
from shared.application.models.registry import State
from shared.application.operations import remedies
from shared.application.operations.heartbeats import Heartbeats
from shared.application.operations.worker_models import WORKER, check_worker_models
from shared.application.views.findings_summary import summarize_findings
from shared.domain.findings import EXIT, Finding, Severity
from shared.domain.vocabulary import RunState
from shared.embedded.sample_league import AFTER_GAMES
from shared.model_registry.bundle import Bundle
from shared.ports import Run
from shared.warehouse.schedule import games_between
from tests.application.test_prediction_backfill import BUT_V8
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY


@pytest.fixture
def here(loaded: Path, tmp_path: Path, model_paths: dict[str, Path], bundles: list[Bundle]) -> Jobs:
    jobs = Jobs(copy_of(loaded, tmp_path), model_paths)
    jobs.registry.add(bundles)
    return jobs


def seen(jobs: Jobs) -> dict[str, Finding]:
    return {f.check: f for f in jobs.validate(DAY)}


def between_tipoffs(jobs: Jobs) -> Jobs:
    """The same world when some games have begun and others have not."""
    tipoffs = sorted(g["game_start_utc"] for g in games_between(jobs.warehouse, DAY, DAY).to_pylist())
    assert tipoffs[0] < tipoffs[-1]
    return jobs.at(tipoffs[0] + (tipoffs[-1] - tipoffs[0]) / 2)


def ended(jobs: Jobs, state: RunState, note: str | None = None) -> None:
    opened = datetime.now(UTC) + timedelta(minutes=1)
    jobs.runs.open(Run("20250319-last", DAY, RunState.CREATED, opened, 0, {}))
    jobs.runs.advance("20250319-last", [RunState.CREATED], state, note=note)


def two_models(jobs: Jobs) -> None:
    jobs.predict(systems=BUT_V8)
    jobs.change(
        "UPDATE nba_predictions.player_prop_predictions SET model_sha256 = 'another' WHERE game_date = @d "
        "AND system_id = 'catboost_v9' AND player_lookup < 'm'",
        d=DAY,
    )


def other_champion(jobs: Jobs) -> None:
    jobs.predict(systems=BUT_V8)
    jobs.change(
        "UPDATE nba_predictions.model_registry SET state = 'champion', sha256 = 'another' "
        "WHERE system_id = 'catboost_v9'"
    )


def other_features(jobs: Jobs) -> None:
    jobs.predict(systems=BUT_V8)
    jobs.change(
        "UPDATE nba_predictions.ml_feature_store_v2 SET feature_hash = 'x' WHERE game_date = @d", d=DAY
    )


def nothing_predicted(_: Jobs) -> None:
    """No run and no row."""


def a_failed_run(jobs: Jobs) -> None:
    ended(jobs, RunState.FAILED, "1 of 8 expected players predicted; nothing activated")


BROKEN = (two_models, other_champion, other_features, nothing_predicted, a_failed_run)


@pytest.mark.parametrize("broken", BROKEN)
def test_no_remedy_predicts_games_that_have_begun_as_live(here: Jobs, broken: Callable[[Jobs], None]) -> None:
    broken(here)
    for moment, world in {
        "before": here,
        "between": between_tipoffs(here),
        "after": here.at(AFTER_GAMES),
    }.items():
        named = [f.remedy for f in seen(world).values() if f.remedy and "props predict" in f.remedy]
        assert named or moment != "before", "the world is broken before tip-off"
        for command in named:
            assert ("--force" in command) <= (moment == "before"), (moment, command)
            assert ("--allow-started" in command) == (moment == "after"), (moment, command)
            assert ("--reason" in command) == (moment == "after")


@pytest.mark.parametrize(
    ("broken", "check"), [(two_models, "model:catboost_v9"), (other_champion, "model:catboost_v9")]
)
def test_rows_of_begun_games_stay_and_their_fault_has_no_remedy(
    here: Jobs, broken: Callable[[Jobs], None], check: str
) -> None:
    broken(here)
    before, after = seen(here)[check], seen(here.at(AFTER_GAMES))[check]
    assert (before.severity, before.remedy) == (Severity.CRITICAL, "props predict --dates 2025-03-19 --force")
    assert (after.severity, after.remedy) == (Severity.WARNING, None)
    assert "6 of 6 games have started: their rows cannot be replaced" in after.evidence


def test_the_remedy_of_a_date_without_rows_works_before_and_after_tip_off(
    here: Jobs, results_folder: Path
) -> None:
    assert seen(here)["predictions:moving_average"].remedy == "props predict --dates 2025-03-19"
    after = here.at(AFTER_GAMES)
    after.reveal(results_folder)
    found = seen(after)
    assert found["run"].evidence == "no run yet"
    assert found["predictions:moving_average"].remedy == remedies.backfill(DAY)
    assert remedies.backfill(DAY).split(" && ")[0] == "props features build --dates 2025-03-19 --backfill"
    after.build(DAY, DAY)
    result = after.predict(systems=BUT_V8, allow_started=True, reason="predictions were missing")
    assert result.status == "SUCCESS", result
    assert seen(after)["predictions:moving_average"].severity is Severity.OK
    assert seen(after)["run"].severity is Severity.OK


@pytest.mark.parametrize(
    ("state", "severity"), [(RunState.FAILED, Severity.CRITICAL), (RunState.PARTIAL, Severity.WARNING)]
)
def test_the_newest_run_is_told_as_it_ended(here: Jobs, state: RunState, severity: Severity) -> None:
    assert seen(here)["run"].evidence == "no run yet"
    ended(here, state, "nothing activated")
    found = seen(here)["run"]
    assert (found.severity, found.evidence) == (
        severity,
        f"20250319-last is {state.value}: nothing activated",
    )
    assert found.remedy == "props predict --dates 2025-03-19"


def test_a_failed_newest_run_over_rows_of_an_earlier_one_is_a_warning(here: Jobs) -> None:
    here.predict(systems=BUT_V8)
    assert seen(here)["run"].severity in (Severity.OK, Severity.WARNING)
    ended(here, RunState.FAILED, "the broker is away")
    assert seen(here)["run"].severity is Severity.WARNING


def test_a_date_without_games_has_nothing_to_predict_and_is_not_called_well(here: Jobs) -> None:
    quiet = here.validate(DAY.replace(month=8))
    assert not [f for f in quiet if EXIT[f.severity] and f.check != "heartbeats"]
    sentence = summarize_findings(quiet).sentence
    assert sentence.startswith("No problem so far: ")
    assert "could not be checked. First: schedule: no games on 2025-08-19" in sentence
    assert "well" not in sentence


def test_bare_model_files_behind_the_rows_are_a_warning_with_what_to_train(here: Jobs) -> None:
    here.predict(systems=BUT_V8)
    here.change(
        "UPDATE nba_predictions.player_prop_predictions SET model_id = 'unverified-12345678' "
        "WHERE game_date = @d AND system_id = 'catboost_v9'",
        d=DAY,
    )
    found = seen(here)["model:catboost_v9"]
    assert found.severity is Severity.WARNING
    assert (found.remedy or "").startswith("props train catboost_v9 --train-start ")


def test_what_the_worker_lacks_is_a_finding_with_the_registered_model_to_serve(
    here: Jobs, bundles: list[Bundle]
) -> None:
    v9 = next(b for b in bundles if b.manifest.system_id == "catboost_v9")
    serve = f"CATBOOST_V9_MODEL_PATH={v9.path} props serve"
    beats = Heartbeats(here.documents)
    assert seen(here)["serving"].severity is Severity.INFO  # nothing runs

    beats.beat(WORKER, heartbeat_fields({}, {}))
    assert seen(here)["serving"].severity is Severity.WARNING
    assert "no trained model serves" in seen(here)["serving"].evidence

    beats.beat(WORKER, heartbeat_fields({}, {"catboost_v9": "no model path is set"}))
    off = seen(here)["serving:catboost_v9"]
    assert (off.severity, off.remedy) == (Severity.CRITICAL, serve)
    assert off.evidence == "off, although it is configured or required: no model path is set"

    beats.beat(
        WORKER,
        {**heartbeat_fields({}, {}), "models": {"catboost_v9": "0" * 64}, "unverified": ["catboost_v9"]},
    )
    bare = seen(here)["serving:catboost_v9"]
    assert (bare.severity, bare.remedy) == (Severity.WARNING, serve)
    assert "unverified" in bare.evidence

    here.registry.change_state(v9.manifest.name, State.CHAMPION, "test")
    beats.beat(
        WORKER, {**heartbeat_fields({}, {}), "models": {"line_anchored_v1": "0" * 64}, "unverified": []}
    )
    silent = seen(here)["serving:catboost_v9"]
    assert (silent.severity, silent.remedy) == (Severity.WARNING, serve)
    assert silent.evidence == f"off, although {v9.manifest.name} is the champion"


def test_a_worker_that_fell_silent_says_nothing_of_its_models() -> None:
    long_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    beat = {"status": "running", "last_heartbeat": long_ago, "models": {}, "off": ["catboost_v9: away"]}
    (found,) = check_worker_models(beat, [], DAY)
    assert (found.severity, found.remedy) == (Severity.INFO, "props serve")


def test_all_passed_is_said_only_where_all_passed() -> None:
    passed = Finding("a", Severity.OK, "fine")
    assert summarize_findings([passed, passed]).sentence == "All 2 checks passed."
    open_question = Finding("run", Severity.INFO, "no run yet")
    assert summarize_findings([passed, open_question]).sentence == (
        "No problem so far: 1 check passed, 1 could not be checked. First: run: no run yet."
    )


def test_a_gap_whose_cause_is_in_the_files_is_not_built_again(here: Jobs) -> None:
    here.change(
        "UPDATE nba_analytics.player_game_summary SET offensive_rebounds = NULL, turnovers = NULL "
        "WHERE game_date < @d",
        d=DAY,
    )
    here.change(
        "UPDATE nba_predictions.ml_feature_store_v2 SET feature_13_value = NULL, feature_13_source = 'missing', "
        "feature_22_value = NULL, feature_22_source = 'missing' WHERE game_date = @d",
        d=DAY,
    )
    found = seen(here)["features"]
    assert (found.severity, found.remedy) == (Severity.CRITICAL, "props load DIR")
    assert "no box score of the last 30 days has field goal and free throw attempts" in found.evidence
