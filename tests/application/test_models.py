from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from shared.application.backfill.prediction_backfill import BackfillOptions, BackfillPredictions
from shared.application.backfill.results import Status
from shared.application.features.build import invalidate
from shared.application.models.deployable import load_deployable
from shared.application.models.promotion import Promotion
from shared.application.models.registry import Registry, State
from shared.application.training.experiments import TrainExperiment, to_json_object
from shared.application.training.train import validate_window
from shared.domain.promotion import Gate
from shared.embedded.model_store import DirectoryModelStore
from shared.embedded.sample_league import AFTER_GAMES
from shared.errors import NotFound, Rejected
from shared.model_registry.bundle import Bundle, read_bundle
from shared.model_registry.loading import load_shadows
from shared.schemas.predictions import PREDICTION_ACCURACY
from tests.application.test_prediction_backfill import BUT_V8
from tests.application.worlds import Jobs, copy_of
from tests.conftest import CLOCK, DAY
from tests.docs.json_commands import checked

NINE, MONTHLY = "catboost_v9", "catboost_v9_2026_02"


@pytest.fixture
def here(loaded: Path, tmp_path: Path, model_paths: dict[str, Path], bundles: list[Bundle]) -> Jobs:
    jobs = Jobs(copy_of(loaded, tmp_path), model_paths)
    jobs.registry.add(bundles, human_name=None)
    return jobs


# --- training


def train(jobs: Jobs, folder: str, **dates: date) -> tuple[str, str]:
    window = validate_window(
        NINE,
        dates.get("start", DAY - timedelta(days=400)),
        dates.get("end", DAY - timedelta(days=40)),
        dates.get("eval_start", DAY - timedelta(days=39)),
        dates.get("eval_end", DAY - timedelta(days=1)),
    )
    trained = TrainExperiment(jobs.warehouse, DirectoryModelStore(), str(jobs.folder / folder))(
        window, "spring", CLOCK.now()
    )
    return trained.bundle.manifest.sha256, trained.experiment_id


def test_the_same_windows_give_the_same_model_and_one_row_each(here: Jobs) -> None:
    first, second = train(here, "a"), train(here, "b")
    assert first == second
    (experiment,) = here.rows("SELECT * FROM nba_predictions.ml_experiments")
    assert (experiment["experiment_name"], experiment["model_sha256"]) == ("spring", first[0])
    assert experiment["train_end"] < experiment["eval_start"]
    results = json.loads(experiment["results_json"])
    assert results["n"] == experiment["eval_samples"] > 100
    assert results["hit"]["all"]["n"] <= results["line_n"]
    assert json.loads(experiment["config_json"])["seed"] == 42
    model = here.registry.find("spring")
    assert model["model_id"] == f"{NINE}-{DAY - timedelta(days=40):%Y%m%d}-{first[0][:8]}"
    assert (model["state"], model["experiment_id"]) == ("candidate", first[1])


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ((date(2025, 1, 1), date(2024, 1, 1), date(2025, 2, 1), date(2025, 3, 1)), "train_end"),
        ((date(2024, 1, 1), date(2025, 1, 31), date(2025, 1, 31), date(2025, 3, 1)), "windows overlap"),
        ((date(2024, 1, 1), date(2025, 1, 31), date(2025, 2, 8), date(2025, 2, 1)), "eval_end"),
    ],
)
def test_windows_that_overlap_are_refused(dates: tuple[date, date, date, date], words: str) -> None:
    with pytest.raises(Rejected, match=words):
        validate_window(NINE, *dates)


def test_training_says_what_it_lacks(here: Jobs) -> None:
    with pytest.raises(Rejected, match=r"moving_average.*expected one of"):
        validate_window("moving_average", DAY, DAY, DAY, DAY)
    with pytest.raises(Rejected, match="expected at least 500"):
        train(here, "a", start=DAY - timedelta(days=45))
    with pytest.raises(Rejected, match="to evaluate on"):
        train(here, "a", eval_start=date(2025, 8, 1), eval_end=date(2025, 8, 2))


def test_dates_whose_snapshots_were_invalidated_are_not_learnt_from(here: Jobs) -> None:
    before = train(here, "a")
    bad = DAY - timedelta(days=90)
    here.build(bad, DAY - timedelta(days=60))
    assert train(here, "b") == before
    count = invalidate(here.warehouse, CLOCK.now(), bad, DAY - timedelta(days=60), "leaked")
    assert count > 10
    assert train(here, "c") != before
    here.build(bad, DAY - timedelta(days=60))
    assert train(here, "d") == before


def test_an_invalidated_snapshot_is_not_served(here: Jobs) -> None:
    assert here.doctor(DAY, DAY)[DAY].verdict == "ready"
    invalidate(here.warehouse, CLOCK.now(), DAY, DAY, "wrong quotes")
    assert here.doctor(DAY, DAY)[DAY].verdict == "broken"
    assert here.predict(systems=BUT_V8, skip_mlfs_check=True).status is Status.FAILED
    here.build(DAY, DAY)
    assert here.predict(systems=BUT_V8).status is Status.SUCCESS


# --- states


def test_a_model_moves_as_the_states_allow_and_every_change_is_kept(here: Jobs) -> None:
    registry = here.registry
    nine = next(m["model_id"] for m in registry.models() if m["system_id"] == NINE)
    registry.change_state(nine, State.SHADOW, "on trial")
    assert registry.change_state(nine, State.SHADOW, "again") == []
    registry.change_state(nine, State.CHAMPION, "good", [Gate("graded", True, "60 rows")])
    assert registry.champion(NINE)["model_id"] == nine  # type: ignore[index]
    with pytest.raises(Rejected, match="is champion, from which it can become retired, blocked; not shadow"):
        registry.change_state(nine, State.SHADOW, "back")
    registry.change_state(nine, State.RETIRED, "old")
    with pytest.raises(Rejected, match="not champion"):
        registry.change_state(nine, State.CHAMPION, "again")
    changes = here.rows("SELECT * FROM nba_predictions.model_state_changes ORDER BY changed_at")
    assert [(c["from_state"], c["to_state"]) for c in changes] == [
        ("candidate", "shadow"), ("shadow", "champion"), ("champion", "retired")
    ]  # fmt: skip
    assert json.loads(changes[1]["gates_json"]) == [{"name": "graded", "passed": True, "evidence": "60 rows"}]
    with pytest.raises(NotFound, match="'nobody' is not registered"):
        registry.find("nobody")


def test_one_champion_a_system_and_the_earlier_one_retires(here: Jobs) -> None:
    train(here, "other")
    old = next(
        m["model_id"] for m in here.registry.models() if m["system_id"] == NINE and not m["human_name"]
    )
    here.registry.change_state(old, State.CHAMPION, "first")
    told = here.registry.change_state("spring", State.CHAMPION, "better")
    assert [(c["model_id"], c["to_state"]) for c in told] == [
        (here.registry.find("spring")["model_id"], "champion"),
        (old, "retired"),
    ]
    states = [m["state"] for m in here.registry.models() if m["system_id"] == NINE]
    assert sorted(states) == ["champion", "retired"]


def test_a_name_that_two_models_have_must_be_told_apart(here: Jobs) -> None:
    train(here, "a")
    train(here, "b", end=DAY - timedelta(days=60))
    with pytest.raises(Rejected, match="give the id"):
        here.registry.find("spring")


# --- gates and promotion


def graded_shadow(here: Jobs, model: dict[str, object], dates: int, bias: float) -> None:
    """Shadow rows as grading leaves them: 20 players a date, errors around ``bias``."""
    rows = []
    for back in range(1, dates + 1):
        day = DAY - timedelta(days=back - 1)
        for i in range(20):
            line = 6.5 + i
            wobble = (i * 7 + back * 3) % 5 - 2
            rows.append(
                dict.fromkeys(PREDICTION_ACCURACY.column_names)
                | {
                    "game_date": day, "game_id": f"{day:%Y%m%d}_A_B", "player_lookup": f"p{i}",
                    "system_id": model["system_id"], "model_key": model["sha256"], "prediction_id": f"{day}{i}",
                    "role": "shadow", "prediction_run_mode": "LIVE", "predicted_points": line + bias + wobble,
                    "confidence_score": 90.0, "recommendation": "OVER" if wobble + bias > 0 else "UNDER",
                    "line_value": line, "actual_points": int(line) + (i * 5 + back) % 9 - 4,
                    "outcome": "HIT", "is_voided": False, "graded_at": here.now, "counted_as": "SHADOW",
                    "is_current": True,
                }
            )  # fmt: skip
    schema = PREDICTION_ACCURACY.arrow_schema
    here.warehouse.append(PREDICTION_ACCURACY, pa.Table.from_pylist(rows, schema=schema))


def promotion(here: Jobs) -> Promotion:
    return Promotion(here.warehouse, DirectoryModelStore(), here.at(AFTER_GAMES).clock)


def monthly(here: Jobs) -> dict[str, object]:
    return next(m for m in here.registry.models() if m["system_id"] == MONTHLY)


def test_a_model_without_a_trial_is_refused_with_the_gates_named(here: Jobs) -> None:
    told = promotion(here).promote(str(monthly(here)["model_id"]), "looks good")
    assert not told.promoted
    assert {g.name for g in told.failed} >= {"no_overlap", "graded", "shadow_dates", "direction"}
    assert here.registry.champion(MONTHLY) is None
    assert here.rows("SELECT 1 FROM nba_predictions.model_state_changes") == []


def test_an_honest_trial_promotes_and_a_biased_one_does_not(here: Jobs) -> None:
    model = monthly(here)
    graded_shadow(here, model, 10, bias=-2.3)
    told = promotion(here).promote(str(model["model_id"]), "MAE 4.12")
    assert {"line_bias", "direction"} <= {g.name for g in told.failed}
    here.change("DELETE FROM nba_predictions.prediction_accuracy WHERE game_date >= @d", d=date(2025, 1, 1))
    graded_shadow(here, model, 10, bias=0.0)
    here.build(DAY - timedelta(days=13), DAY)
    told = promotion(here).promote(str(model["model_id"]), "ten days in shadow")
    unmet = [g for g in told.failed if g.name != "feature_drift"]
    assert unmet == [], unmet
    if not told.promoted:  # the sample league's two weeks are short of its seasons' variety
        told = promotion(here).promote(str(model["model_id"]), "drift looked at", override=True)
    assert told.promoted
    assert here.registry.champion(MONTHLY)["model_id"] == model["model_id"]  # type: ignore[index]


def test_an_override_is_recorded_with_what_failed(here: Jobs) -> None:
    model = monthly(here)
    told = promotion(here).promote(str(model["model_id"]), "the night before the season", override=True)
    assert (told.promoted, told.overridden) == (True, True)
    (change,) = here.rows("SELECT * FROM nba_predictions.model_state_changes")
    assert (change["overridden"], change["reason"]) == (True, "the night before the season")
    assert not all(g["passed"] for g in json.loads(change["gates_json"]))


def test_a_bundle_that_was_changed_fails_its_golden_gate(here: Jobs, tmp_path: Path) -> None:
    model = monthly(here)
    here.change(
        "UPDATE nba_predictions.model_registry SET path = @p WHERE system_id = @s",
        p=str(tmp_path / "x.cbm"),
        s=MONTHLY,
    )
    gates = {g.name: g for g in promotion(here).gates(str(model["model_id"]))}
    assert "no such model file" in gates["golden_prediction"].evidence
    assert not gates["golden_prediction"].passed


# --- shadows


def test_a_shadow_runs_on_the_same_jobs_is_graded_and_never_active(here: Jobs, results_folder: Path) -> None:
    train(here, "shadow")
    path = here.registry.find("spring")["path"]
    shadows = load_shadows(DirectoryModelStore(), [path])
    whole = here.predictions
    runner = BackfillPredictions(whole._ports, whole._models, "test", shadows)
    (got,) = runner([DAY], BackfillOptions(systems=BUT_V8))
    assert got.status is Status.SUCCESS
    shadow = here.rows("SELECT * FROM nba_predictions.player_prop_predictions WHERE role = 'shadow'")
    champions = [r for r in here.active() if r["system_id"] == NINE]
    assert {r["player_lookup"] for r in shadow} == {r["player_lookup"] for r in champions}
    assert {(r["is_active"], r["model_id"], r["system_id"]) for r in shadow} == {
        (False, Path(path).stem, NINE)
    }
    assert (
        here.rows(
            "SELECT 1 FROM nba_predictions.player_prop_predictions WHERE is_active AND role != 'champion'"
        )
        == []
    )
    after = here.at(AFTER_GAMES)
    after.reveal(results_folder)
    assert after.grade(DAY, DAY).by_kind["SHADOW"] == len(shadow)
    champion = next(m for m in here.registry.models() if m["sha256"] == champions[0]["model_sha256"])
    told = promotion(here).compare("spring", champion["model_id"])
    checked("props models compare", json.dumps(told, default=vars))
    assert told["rows"] > 50
    assert set(told["mae"]) == {Path(path).stem, champion["model_id"]}
    assert told["difference"] is None  # one date says nothing of how dates differ
    with pytest.raises(Rejected, match="different systems"):
        promotion(here).compare("spring", str(monthly(here)["model_id"]))


def test_models_that_never_met_cannot_be_compared(here: Jobs) -> None:
    train(here, "a")
    other = next(m for m in here.registry.models() if m["system_id"] == NINE and not m["human_name"])
    with pytest.raises(NotFound, match="no graded row in common"):
        promotion(here).compare("spring", other["model_id"])


def test_a_shadow_needs_its_manifest(model_paths: dict[str, Path], tmp_path: Path) -> None:
    bare = tmp_path / "bare.cbm"
    bare.write_bytes(model_paths[NINE].read_bytes())
    with pytest.raises(Rejected, match="needs a manifest"):
        load_shadows(DirectoryModelStore(), [str(bare)])


def test_what_train_prints_is_what_was_stored(here: Jobs) -> None:
    window = validate_window(
        NINE,
        DAY - timedelta(days=300),
        DAY - timedelta(days=40),
        DAY - timedelta(days=39),
        DAY - timedelta(days=1),
    )
    trained = TrainExperiment(here.warehouse, DirectoryModelStore(), str(here.folder / "p"))(
        window, None, CLOCK.now()
    )
    told = to_json_object(trained)
    assert told["model_id"] == Registry(here.warehouse).find(told["model_id"])["model_id"]
    assert told["metrics"]["n"] > 100


# --- deployment


def test_only_the_champion_may_be_deployed(here: Jobs, model_paths: dict[str, Path]) -> None:
    store, path = DirectoryModelStore(), str(model_paths[NINE])
    here.change("DELETE FROM nba_predictions.model_registry WHERE TRUE")
    with pytest.raises(Rejected, match=r"is not registered; the champion of catboost_v9 is none"):
        load_deployable(here.registry, store, NINE, path)
    here.registry.add([read_bundle(store, path)])
    with pytest.raises(Rejected, match=r"is candidate; .*; use --override REASON"):
        load_deployable(here.registry, store, NINE, path)
    with pytest.raises(Rejected, match="--override REASON"):
        load_deployable(here.registry, store, NINE, path, override=" ")
    forced = load_deployable(here.registry, store, NINE, path, override="the champion's file is lost")
    assert forced.objection is not None
    here.registry.change_state(model_paths[NINE].stem, State.CHAMPION, "test")
    assert load_deployable(here.registry, store, NINE, path).objection is None
    with pytest.raises(Rejected, match="a bundle of catboost_v9, expected catboost_v8"):
        load_deployable(here.registry, store, "catboost_v8", path, override="really")
