"""The life of a service under the release script: each test goes on from where the one before left it."""

from __future__ import annotations

import pytest

from tests.deploy.world import COORDINATOR, WORKER, World

pytestmark = [pytest.mark.infra, pytest.mark.slow]


def only(there: World, service: str = WORKER) -> str:
    """The revision that has all the traffic."""
    ((revision, percent),) = there.cloud.serving(service).items()
    assert percent == 100
    return revision


def test_first_deployment_is_closed_to_all_but_the_check(there: World) -> None:
    given = [part for path in there.models.values() for part in ("--model", path)]
    done = there.deploy(WORKER, *given)
    assert done.code == 0, done.err
    environment = there.cloud.environment(only(there))
    v9 = there.models["catboost_v9"]
    assert environment["CATBOOST_V9_MODEL_PATH"] == v9
    assert environment["BUILD_COMMIT"] == there.head
    members = [m for b in there.cloud.policy(WORKER)["bindings"] for m in b["members"]]
    assert members == [f"serviceAccount:props-release@{there.cloud.project}.iam.gserviceaccount.com"]
    (record,) = there.records(WORKER)
    assert (record["action"], record["outcome"], record["revision"]) == ("deploy", "succeeded", only(there))
    assert (record["model_path"], record["commit"]) == (v9, there.head)
    assert record["model_generation"] == int(environment["MODEL_GENERATION"])
    assert record["model_sha256"] == environment["MODEL_SHA256"]
    assert record["experiment_id"] == f"experiment-{record['model_id']}"
    assert record["deployed_by"] == "operator@example.com"
    assert record["deployed_at_eastern"][-6:] in ("-05:00", "-04:00")


def test_a_model_that_is_not_the_champion_is_refused_and_nothing_changes(there: World) -> None:
    before, revisions = only(there), there.cloud.revisions(WORKER)
    done = there.deploy(WORKER, "--model", there.other)
    assert done.code == 1, done.err
    assert "is candidate; the champion of catboost_v9 is" in done.err
    assert only(there) == before
    assert there.cloud.revisions(WORKER) == revisions
    assert there.records(WORKER)[0]["outcome"] == "refused"


def test_a_second_model_with_a_reason_keeps_every_other_setting(there: World) -> None:
    before = only(there)
    kept = there.cloud.environment(before)
    there.commit("services/prediction_worker/note.txt", "a second release")
    done = there.deploy(WORKER, "--model", there.other, "--override", "trial, asked for by A, B")
    assert done.code == 0, done.err
    now = there.cloud.environment(only(there))
    changed = {name for name in now if now[name] != kept.get(name)}
    assert changed == {"BUILD_COMMIT", "CATBOOST_V9_MODEL_PATH", "MODEL_SHA256", "MODEL_GENERATION"}
    assert kept.keys() == now.keys()
    assert now["CATBOOST_V9_MODEL_PATH"] == there.other
    assert there.cloud.tags(WORKER) == []
    record = there.records(WORKER)[0]
    assert (record["previous_revision"], record["override_reason"]) == (before, "trial, asked for by A, B")


def test_what_serves_is_what_the_checkout_says_or_is_named_as_drift(there: World) -> None:
    """The model that was overridden is not the champion: that alone is drift."""
    done = there.deploy(WORKER, "--verify")
    assert done.code == 5, done.err
    said = done.err.split("drift:\n")[1].splitlines()
    assert said == [f"model: {there.other} is not the champion"]


def test_rollback_gives_the_traffic_to_what_served_before(there: World) -> None:
    wrong = only(there)
    done = there.deploy(WORKER, "--rollback")
    assert done.code == 0, done.err
    assert there.cloud.environment(only(there))["CATBOOST_V9_MODEL_PATH"] == there.models["catboost_v9"]
    record = there.records(WORKER)[0]
    assert (record["action"], record["outcome"]) == ("rollback", "succeeded")
    assert record["model_path"] == there.models["catboost_v9"]
    assert wrong != only(there)


def test_a_deployment_after_a_rollback_gets_the_traffic(there: World) -> None:
    """After a rollback the service is pinned: gcloud alone would leave the new revision with nothing."""
    before = only(there)
    there.commit("services/prediction_worker/note.txt", "a third release")
    done = there.deploy(WORKER, "--shadow", there.other)
    assert done.code == 0, done.err
    assert only(there) != before
    assert there.cloud.environment(only(there))["SHADOW_MODEL_PATHS"] == there.other
    assert there.cloud.environment(only(there))["BUILD_COMMIT"] == there.head
    assert there.cloud.environment(only(there))["CATBOOST_V9_MODEL_PATH"] == there.models["catboost_v9"]
    clean = there.deploy(WORKER, "--verify")
    assert clean.code == 0, clean.err


def test_a_revision_that_dies_after_the_switch_is_rolled_back(there: World) -> None:
    before = only(there)
    there.commit("services/prediction_worker/note.txt", "a release that dies")
    with there.cloud.meddling(on_traffic=there.cloud.kill):
        done = there.deploy(WORKER)
    assert done.code == 3, done.err
    assert only(there) == before
    assert there.records(WORKER)[0]["outcome"] == "rolled_back"


def test_the_coordinator_is_deployed_by_the_same_script(there: World) -> None:
    done = there.deploy(COORDINATOR)
    assert done.code == 0, done.err
    assert there.cloud.environment(only(there, COORDINATOR))["CHECK_STALLED_SECONDS"] == "0"
    (record,) = there.records(COORDINATOR)
    assert record["model_path"] is None
