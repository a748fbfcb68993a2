from __future__ import annotations

from datetime import timedelta

import pytest

from shared.application.grading.performance import Performance
from shared.application.models.promotion import Promotion
from shared.application.models.registry import State
from shared.application.views.model import GatesView, ModelView, ShowModel
from shared.application.views.model_list import ModelList, ShowModels
from shared.embedded.model_store import DirectoryModelStore
from shared.errors import NotFound, Rejected, Unavailable
from tests.application.worlds import Jobs
from tests.conftest import DAY
from tests.graded import ANCHORED, NINE


def listed(jobs: Jobs, system: str | None = None) -> ModelList:
    return ShowModels(jobs.warehouse, jobs.clock)(system)


def shown(jobs: Jobs, name: str) -> ModelView:
    return ShowModel(jobs.warehouse, DirectoryModelStore(), jobs.clock)(name)


def gates(jobs: Jobs, name: str) -> GatesView:
    return ShowModel(jobs.warehouse, DirectoryModelStore(), jobs.clock).gates(name)


def test_what_serves_comes_first_and_systems_keep_their_order(graded: Jobs) -> None:
    found = listed(graded)
    assert [(r.system_id, r.human_name, r.state) for r in found.rows] == [
        (NINE, "autumn", "champion"),
        (NINE, "spring", "shadow"),
        (ANCHORED, "anchor", "candidate"),
    ]
    assert found.without_champion == (ANCHORED,)
    assert found.left_out == 0
    assert found.rows[0].age_days == 41
    assert (found.rows[0].train_end, found.rows[0].reason) == (
        DAY - timedelta(days=40),
        "the first of the season",
    )


def test_a_models_figures_are_those_of_its_own_rows(graded: Jobs) -> None:
    rows = {r.human_name: r for r in listed(graded).rows}
    told = Performance(graded.warehouse, graded.clock)(NINE, 30, "model_sha256")["groups"]
    wanted = {(g["counted_as"], g["group"]): g for g in told}
    for name, kind in (("autumn", "LIVE"), ("spring", "SHADOW")):
        of = wanted[kind, graded.registry.find(name)["sha256"][:12]]
        row = rows[name]
        assert row.counted_as == kind
        assert (row.n, row.mae, row.lined_mae, row.line_mae) == (
            of["n"],
            pytest.approx(of["mae"], abs=1e-4),
            pytest.approx(of["lined_mae"], abs=1e-4),
            pytest.approx(of["line_mae"], abs=1e-4),
        )


def test_the_list_can_be_of_one_system_and_no_other_word(graded: Jobs) -> None:
    assert {r.system_id for r in listed(graded, ANCHORED).rows} == {ANCHORED}
    assert listed(graded, "catboost_v8").rows == ()
    with pytest.raises(Rejected, match="system: 'moving_average', expected one of catboost_v8"):
        listed(graded, "moving_average")


def test_a_model_on_trial_shows_its_gates_as_they_are_now(graded: Jobs) -> None:
    view = gates(graded, "spring")
    assert view.may_be_promoted
    assert view.champion == graded.registry.find("autumn")["model_id"]
    wanted = Promotion(graded.warehouse, DirectoryModelStore(), graded.clock).gates("spring")
    assert list(view.gates) == wanted
    assert "shadow_dates" in {g.name for g in view.failed}
    assert shown(graded, "spring").gates == ()  # it never was promoted
    (row,) = shown(graded, "spring").performance
    assert (row.counted_as, row.worse) == ("SHADOW", None)  # one date says nothing of how dates differ


def test_where_a_model_comes_from_is_told_whole(graded: Jobs) -> None:
    view = shown(graded, "spring")
    assert view.experiment is not None
    assert (view.experiment.name, view.experiment.git_commit, view.experiment.seed) == (
        "spring",
        "abc1234",
        42,
    )
    assert view.experiment.eval_start > view.model["training_end_date"]
    assert view.experiment.line_mae is not None
    (earlier,) = view.champions
    assert (earlier.model_id, earlier.overridden) == (view.champion, True)
    assert view.model["parent_model_id"] == view.champion
    assert earlier.failed is not None
    assert "shadow_dates" in earlier.failed
    (change,) = view.changes
    assert (change.from_state, change.to_state, change.reason) == ("candidate", "shadow", "on trial")
    assert change.failed is None  # a trial asks no gate


def test_a_champion_shows_the_gates_that_it_was_promoted_with(graded_copy: Jobs) -> None:
    promotion = Promotion(graded_copy.warehouse, DirectoryModelStore(), graded_copy.clock)
    told = promotion.promote("spring", "really", override=True)
    view = shown(graded_copy, "spring")
    assert not view.may_be_promoted
    assert list(view.gates) == told.gates
    assert view.gates_at == view.changes[0].changed_at
    assert view.changes[0].failed == ", ".join(g.name for g in told.failed)
    replaced = shown(graded_copy, "autumn")
    assert (replaced.model["state"], gates(graded_copy, "autumn").may_become) == ("retired", ("blocked",))
    assert gates(graded_copy, "autumn").gates == ()
    assert replaced.changes[0].reason == f"replaced by {view.model['model_id']}"


def test_figures_of_several_dates_have_an_interval_beside_the_line(graded: Jobs) -> None:
    rows = {r.counted_as: r for r in shown(graded, "autumn").performance}
    assert set(rows) == {"LIVE", "BACKFILL"}
    past = rows["BACKFILL"]
    assert past.worse is not None
    assert past.worse_low is not None
    assert past.worse_high is not None
    assert past.worse_low < past.worse < past.worse_high
    assert past.lined_mae is not None
    assert past.line_mae is not None
    assert past.worse == pytest.approx(past.lined_mae - past.line_mae, abs=1e-3)


def test_nobody_is_not_found(graded: Jobs) -> None:
    with pytest.raises(NotFound, match="model 'nobody' is not registered"):
        shown(graded, "nobody")


def test_a_model_whose_file_is_gone_is_shown_with_that_gate_failed(graded_copy: Jobs) -> None:
    graded_copy.change("UPDATE nba_predictions.model_registry SET path = '/nowhere/x.cbm' WHERE TRUE")
    (golden,) = (g for g in gates(graded_copy, "anchor").gates if g.name == "golden_prediction")
    assert not golden.passed
    assert "no such model file" in golden.evidence


def test_a_model_store_that_is_away_is_named_where_the_gates_would_be(graded: Jobs) -> None:
    class Away(DirectoryModelStore):
        def fetch(self, path: str) -> bytes:
            raise Unavailable(f"{path}: the bucket does not answer")

    show = ShowModel(graded.warehouse, Away(), graded.clock)
    view = show.gates("anchor")
    (said,) = view.unavailable
    assert "the bucket does not answer" in said
    assert view.gates == ()
    assert show("anchor").unavailable == ()


def test_every_model_that_becomes_champion_is_in_the_lineage_of_the_others(graded_copy: Jobs) -> None:
    graded_copy.registry.change_state("spring", State.CHAMPION, "next")
    lineage = [c.model_id for c in shown(graded_copy, "autumn").champions]
    assert lineage == [graded_copy.registry.find("spring")["model_id"]]
