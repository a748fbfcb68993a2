from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from shared.application.messaging.rejected import KeepRejected
from shared.application.operations.heartbeats import COLLECTION, Heartbeats, HeartbeatSender
from shared.domain.findings import Finding, Severity, worst
from shared.domain.vocabulary import PREDICTED, RunState
from shared.embedded.sample_league import AFTER_GAMES, DEMO_NOW
from shared.errors import Unavailable
from shared.model_registry.bundle import Bundle
from shared.ports import ExpectedPlayer, PlayerOutcome, Run
from tests.application.test_dead_letters import give_up
from tests.application.test_prediction_backfill import BUT_V8
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY
from tests.services.clients import envelope


@pytest.fixture
def here(loaded: Path, tmp_path: Path, model_paths: dict[str, Path], bundles: list[Bundle]) -> Jobs:
    jobs = Jobs(copy_of(loaded, tmp_path), model_paths)
    jobs.registry.add(bundles)
    jobs.predict(systems=BUT_V8)
    return jobs


def seen(jobs: Jobs, day: date = DAY) -> dict[str, Finding]:
    return {f.check: f for f in jobs.validate(day)}


def bad(jobs: Jobs, day: date = DAY) -> dict[str, Finding]:
    return {c: f for c, f in seen(jobs, day).items() if f.severity in (Severity.WARNING, Severity.CRITICAL)}


def test_a_good_day_has_no_findings_but_the_system_without_a_model(here: Jobs) -> None:
    found = seen(here)
    assert set(bad(here)) == {"predictions:catboost_v8"}
    assert found["features"].severity is Severity.OK
    assert found["features:served"].evidence.endswith("equal the stored vectors")
    assert found["predictions:unique"].severity is Severity.OK
    assert found["heartbeats"].severity is Severity.INFO
    assert worst(found.values()) is Severity.CRITICAL
    assert worst([]) is Severity.OK


def test_the_morning_before_nothing_is_late(here: Jobs) -> None:
    here.change("DELETE FROM nba_predictions.feature_snapshots WHERE game_date = @d", d=DAY)
    here.change("DELETE FROM nba_predictions.player_prop_predictions WHERE game_date = @d", d=DAY)
    early = here.at(DEMO_NOW - timedelta(hours=20))
    assert bad(early) == {}
    quiet = seen(here, date(2025, 8, 1))
    assert quiet["schedule"].evidence == "no games on 2025-08-01"


Break = Callable[[Jobs], object]


@pytest.mark.parametrize(
    ("what", "check", "severity", "remedy"),
    [
        (
            lambda w: w.change("DELETE FROM nba_predictions.feature_snapshots WHERE game_date = @d", d=DAY),
            "features", Severity.CRITICAL, "props features build --dates 2025-03-19",
        ),
        (
            lambda w: w.change(
                "UPDATE nba_predictions.ml_feature_store_v2 SET feature_hash = 'x' WHERE game_date = @d", d=DAY
            ),
            "features:served", Severity.CRITICAL, "props predict --dates 2025-03-19 --force",
        ),
        (
            lambda w: w.change(
                "DELETE FROM nba_predictions.player_prop_predictions WHERE game_date = @d "
                "AND system_id = 'catboost_v9'", d=DAY
            ),
            "predictions:catboost_v9", Severity.CRITICAL, "props predict --dates 2025-03-19",
        ),
        (
            lambda w: w.change(
                "DELETE FROM nba_predictions.player_prop_predictions WHERE game_date = @d "
                "AND system_id = 'moving_average' AND player_lookup < 'm'", d=DAY
            ),
            "predictions:moving_average", Severity.WARNING, "props predict --dates 2025-03-19",
        ),
        (
            lambda w: w.change(
                "INSERT INTO nba_predictions.player_prop_predictions SELECT * FROM "
                "nba_predictions.player_prop_predictions WHERE game_date = @d LIMIT 1", d=DAY
            ),
            "predictions:unique", Severity.CRITICAL, None,
        ),
        (
            lambda w: w.change("DELETE FROM nba_raw.odds_api_player_points_props WHERE game_date = @d", d=DAY),
            "freshness:quotes", Severity.WARNING, "props load DIR",
        ),
        (
            lambda w: w.change(
                "UPDATE nba_raw.odds_api_player_points_props SET captured_at = @t WHERE game_date = @d",
                d=DAY, t=DEMO_NOW - timedelta(days=3),
            ),
            "freshness:quotes", Severity.WARNING, "props load DIR",
        ),
        (
            lambda w: w.change(
                "DELETE FROM nba_analytics.player_game_summary WHERE game_date = @d", d=DAY - timedelta(days=1)
            ),
            "box_scores", Severity.CRITICAL, "props load DIR",
        ),
        (
            lambda w: w.change(
                "UPDATE nba_analytics.player_game_summary SET minutes_played = NULL WHERE game_date = @d "
                "AND player_lookup < 'k'", d=DAY - timedelta(days=1)
            ),
            "minutes", Severity.CRITICAL, "props load DIR",
        ),
        (
            lambda w: w.change(
                "UPDATE nba_reference.nba_schedule SET home_team_score = NULL WHERE game_date = @d",
                d=DAY - timedelta(days=1),
            ),
            "schedule:late", Severity.CRITICAL, "props load DIR",
        ),
        (
            lambda w: w.change(
                "UPDATE nba_reference.nba_schedule SET game_start_utc = NULL WHERE game_date = @d "
                "AND game_id = (SELECT MIN(game_id) FROM nba_reference.nba_schedule WHERE game_date = @d)", d=DAY
            ),
            "schedule:tipoff", Severity.WARNING, "props load DIR",
        ),
        (
            lambda w: w.change(
                "UPDATE nba_predictions.daily_prediction_signals SET daily_signal = 'RED', avg_pvl = -2.26 "
                "WHERE system_id = 'catboost_v9'"
            ),
            "signal:catboost_v9", Severity.WARNING, None,
        ),
        (
            lambda w: w.change(
                "UPDATE nba_predictions.model_registry SET state = 'champion', sha256 = 'another' "
                "WHERE system_id = 'catboost_v9'"
            ),
            "model:catboost_v9", Severity.CRITICAL, "props predict --dates 2025-03-19 --force",
        ),
        (
            lambda w: w.runs.open(
                Run("stuck", DAY, RunState.CREATED, datetime.now(UTC) - timedelta(hours=1), 0, {})
            ),
            "runs:stuck", Severity.CRITICAL, "props runs check-stalled",
        ),
        (
            lambda w: w.documents.merge(
                COLLECTION, "prediction-worker",
                {"status": "running", "last_heartbeat": (datetime.now(UTC) - timedelta(minutes=7)).isoformat()},
            ),
            "heartbeat:prediction-worker", Severity.WARNING, None,
        ),
        (
            lambda w: w.documents.merge(
                COLLECTION, "prediction-worker",
                {"status": "running", "last_heartbeat": (datetime.now(UTC) - timedelta(hours=7)).isoformat()},
            ),
            "heartbeat:prediction-worker", Severity.CRITICAL, "props serve",
        ),
    ],
)  # fmt: skip
def test_each_failure_is_one_finding_with_its_remedy(
    here: Jobs, what: Break, check: str, severity: Severity, remedy: str | None
) -> None:
    assert check not in bad(here)
    what(here)
    found = bad(here)[check]
    assert (found.severity, found.remedy) == (severity, remedy)
    assert found.evidence


def without_rows_of(jobs: Jobs, system: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> Finding:
    """The finding on a system that has no row, because the newest run had the reason for every player."""
    jobs.change(
        "DELETE FROM nba_predictions.player_prop_predictions WHERE game_date = @d AND system_id = @s",
        d=DAY,
        s=system,
    )
    outcomes = {
        ExpectedPlayer(name, game, None): PlayerOutcome(None, name, PREDICTED, {system: reason})
        for name, game in (("a", "g"), ("b", "g"), ("c", "g"))
    }
    monkeypatch.setattr(jobs.runs, "outcomes", lambda _: outcomes)
    return seen(jobs)[f"predictions:{system}"]


def test_a_system_that_has_too_few_games_of_every_player_is_no_fault(
    here: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = without_rows_of(here, "similarity_balanced_v1", "too_few_similar_games", monkeypatch)
    assert (found.severity, found.remedy) == (Severity.INFO, None)
    assert found.evidence == "0 rows for 115 expected players: too_few_similar_games (3)"


def test_a_system_without_rows_names_its_reasons(here: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    found = without_rows_of(here, "catboost_v9", "missing_feature:recent_trend", monkeypatch)
    assert (found.severity, found.remedy) == (Severity.CRITICAL, "props predict --dates 2025-03-19")
    assert found.evidence.endswith(": missing_feature:recent_trend (3)")


def test_evidence_names_the_dates_that_its_counts_are_of(here: Jobs) -> None:
    found = seen(here)
    assert "final games of 2025-03-18 and 2025-03-19 have complete box scores" in found["box_scores"].evidence
    assert "from 2025-03-12 to 2025-03-18" in found["grading:catboost_v9"].evidence


def test_drift_of_a_date_without_rows_is_not_blamed_on_the_registry(here: Jobs) -> None:
    here.change(
        "DELETE FROM nba_predictions.player_prop_predictions WHERE game_date = @d AND system_id = 'catboost_v9'",
        d=DAY,
    )
    assert seen(here)["features:drift"].evidence == "no active rows of catboost_v9"


def test_ungraded_games_are_a_finding_the_day_after(here: Jobs, results_folder: Path) -> None:
    after = here.at(AFTER_GAMES)
    after.reveal(results_folder)
    tomorrow = DAY + timedelta(days=1)
    found = bad(after, tomorrow)["grading:catboost_v9"]
    assert found.severity is Severity.CRITICAL
    assert found.remedy == "props grade --start-date 2025-03-13 --end-date 2025-03-19"
    after.grade(DAY, DAY)
    assert seen(after, tomorrow)["grading:catboost_v9"].severity is Severity.OK


def test_drift_is_judged_against_the_training_of_the_serving_model(here: Jobs) -> None:
    assert seen(here)["features:drift"].evidence.startswith("115 stored rows")
    here.build(DAY - timedelta(days=13), DAY)
    told = seen(here)["features:drift"]
    assert "against the training of catboost_v9-20250318" in told.evidence
    here.change(
        "UPDATE nba_predictions.ml_feature_store_v2 SET feature_0_value = feature_0_value + 9 WHERE game_date <= @d",
        d=DAY,
    )
    moved = seen(here)["features:drift"]
    assert moved.severity is Severity.WARNING
    assert "points_avg_last_5" in moved.evidence


def test_the_champion_is_recognised(here: Jobs) -> None:
    here.change(
        "UPDATE nba_predictions.model_registry SET state = 'champion' WHERE system_id = 'catboost_v9'"
    )
    assert seen(here)["model:catboost_v9"].evidence.startswith("serves the champion catboost_v9-20250318")


def test_a_pulse_beats_while_it_lasts_and_says_when_it_stops(here: Jobs) -> None:
    beats = Heartbeats(here.documents)
    with HeartbeatSender(beats, "prediction-worker", {"commit": "abc"}, seconds=0.01):
        pass
    ((status, age),) = beats.ages(datetime.now(UTC)).values()
    assert status == "stopped"
    assert age < timedelta(minutes=1)
    assert seen(here)["heartbeat:prediction-worker"].severity is Severity.INFO
    for i in range(101):
        beats.beat(f"instance-{i}", {})
    assert bad(here)["heartbeats"].evidence.startswith("102 documents")


def test_a_champion_that_does_not_serve_is_named_after_two_days(here: Jobs) -> None:
    assert seen(here)["models:waiting"].severity is Severity.OK
    here.change(
        "UPDATE nba_predictions.model_registry SET state = 'champion', sha256 = 'another', state_changed_at = @t "
        "WHERE system_id = 'catboost_v9'",
        t=datetime.now(UTC) - timedelta(days=3),
    )
    assert "catboost_v9-20250318" in bad(here)["models:waiting"].evidence


def test_the_age_and_health_of_the_serving_model_are_told(here: Jobs) -> None:
    assert (
        seen(here)["health:catboost_v9"].evidence
        == "WATCH: 0 graded live rows with a line, expected 50 to judge"
    )
    here.change(
        "UPDATE nba_predictions.model_registry SET training_end_date = @d WHERE system_id = 'catboost_v9'",
        d=DAY - timedelta(days=40),
    )
    found = bad(here)["health:catboost_v9"]
    assert "more than 31 days ago" in found.evidence
    assert found.remedy == (
        "props train catboost_v9 --train-start 2022-02-19 --train-end 2025-02-18 "
        "--eval-start 2025-02-19 --eval-end 2025-03-18"
    )


def test_messages_that_could_not_be_handled_are_counted_until_they_are_replayed(here: Jobs) -> None:
    assert seen(here)["messages"].severity is Severity.OK
    give_up(here.messages, "prediction-request", run_id="20250319-abc")
    give_up(here.messages, "prediction-ready", run_id="20250320-abc")  # of another date
    keep = KeepRejected(here.warehouse, "prediction-coordinator")
    keep(envelope(b'{"run_id": "20250319-abc", "player_lookup": "p"}'), "no such player", "prediction-ready")
    dead, refused = bad(here)["messages:dead"], bad(here)["messages:rejected"]
    assert (dead.severity, dead.evidence) == (
        Severity.CRITICAL,
        "dead-lettered by the broker: 1 of prediction-request",
    )
    assert dead.remedy == "props deadletters replay --all"
    assert (refused.severity, refused.evidence) == (
        Severity.WARNING,
        "rejected by a service: 1 of prediction-ready",
    )
    for message in here.kept.list_waiting():
        here.kept.replay(message, "test")
    assert {c for c in bad(here) if c.startswith("messages")} == {"messages:rejected"}


def test_dead_letters_that_cannot_be_fetched_are_a_finding_and_the_rest_is_checked(
    here: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the broker is away")

    monkeypatch.setattr(here.dead_letters, "pull", away)
    assert "the broker is away" in bad(here)["messages:dead"].evidence
