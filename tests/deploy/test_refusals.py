"""What the release script refuses, and what it finds and repairs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Any

import pytest

from tests.deploy.world import COORDINATOR, World

pytestmark = [pytest.mark.infra, pytest.mark.slow]
MODELS = False


@pytest.fixture(scope="module", autouse=True)
def serving(there: World) -> str:
    """A coordinator that serves: it starts faster than a worker, and has no models to check."""
    done = there.deploy(COORDINATOR)
    assert done.code == 0, done.err
    return now(there)


def now(there: World) -> str:
    ((revision, percent),) = there.cloud.serving(COORDINATOR).items()
    assert percent == 100
    return revision


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "no SERVICE given"),
        (("prediction-worker", "--colour"), 2, "unknown option --colour"),
        (("prediction-worker", "--model"), 2, "--model needs a value"),
        (("prediction-worker", "prediction-coordinator"), 2, "expected one SERVICE"),
        (("prediction-worker", "--verify", "--rollback"), 2, "use either --verify or --rollback"),
        (("prediction-worker", "--rollback", "--model", "gs://b/m.cbm"), 2, "--rollback takes no"),
        (("prediction-coordinator", "--model", "gs://b/m.cbm"), 2, "serves no model"),
        (("prediction-wroker",), 1, "unknown service prediction-wroker, expected"),
        (("prediction-worker", "--image", "worker:latest"), 1, "expected IMAGE@sha256:DIGEST"),
    ],
)
def test_what_makes_no_sense_asks_the_cloud_nothing(
    there: World, arguments: tuple[str, ...], code: int, said: str
) -> None:
    before = len(there.cloud.requests)
    done = there.deploy(*arguments) if arguments else there.deploy("")
    assert (done.code, said in done.err) == (code, True), done.err
    assert len(there.cloud.requests) == before


def test_a_dirty_tree_is_refused(there: World) -> None:
    before = len(there.cloud.requests)
    extra = there.clone / "shared" / "not_committed.py"
    extra.write_text("X = 1\n")
    try:
        done = there.deploy(COORDINATOR)
    finally:
        extra.unlink()
    assert done.code == 1
    assert "the tree is dirty: ?? shared/not_committed.py" in done.err
    assert len(there.cloud.requests) == before


def test_an_image_of_another_commit_is_refused(there: World) -> None:
    old = there.image(COORDINATOR)
    there.commit("shared/schemas/note.txt", "another commit")
    done = there.deploy(COORDINATOR, "--image", old)
    assert done.code == 1
    assert "is not the one built from" in done.err


def test_a_dry_run_tells_the_commands_and_changes_nothing(there: World) -> None:
    asked, before = len(there.cloud.requests), now(there)
    done = there.deploy(COORDINATOR, "--dry-run")
    assert done.code == 0, done.err
    told = done.out + done.err
    assert "+ gcloud run deploy prediction-coordinator" in told
    assert "--no-traffic --tag=canary" in told
    assert "--update-env-vars=" in told
    assert "--set-env-vars" not in told
    assert (
        f"environment, compared with {before}:\n  BUILD_COMMIT: " in done.err
        or "  nothing changes\n" in done.err
    )
    assert "+ gcloud run services update-traffic prediction-coordinator" in told
    assert now(there) == before
    assert [m for m, path, _ in there.cloud.requests[asked:] if m != "GET"] == []


def test_an_environment_lost_on_the_way_is_refused_before_traffic(there: World) -> None:
    before = now(there)
    with there.cloud.meddling(lambda given: given.update(AUTH_EMAILS="props-push@elsewhere")):
        done = there.deploy(COORDINATOR)
    assert done.code == 1, done.err
    assert "AUTH_EMAILS: 'props-push@elsewhere', expected" in done.err
    assert now(there) == before
    assert there.cloud.tags(COORDINATOR) == []
    assert there.records(COORDINATOR)[0]["outcome"] == "refused"


def test_a_revision_that_does_not_start_is_refused(there: World) -> None:
    before = now(there)
    with there.cloud.meddling(lambda given: given.update(AUTH="nobody")):
        done = there.deploy(COORDINATOR)
    assert done.code == 1, done.err
    assert "did not become ready" in done.err
    assert now(there) == before


def test_what_a_refused_revision_left_in_the_template_is_not_taken_over(there: World) -> None:
    """``--update-env-vars`` merges onto the newest template, which is that of the refused revision."""
    before = now(there)
    gcloud(there, "run", "services", "update", COORDINATOR, "--update-env-vars=STRAY=1", "--no-traffic")
    assert now(there) == before
    done = there.deploy(COORDINATOR)
    assert done.code == 0, done.err
    assert "STRAY" not in there.cloud.environment(now(there))


def test_of_two_deployments_at_once_one_is_refused(there: World) -> None:
    there.commit("shared/schemas/note.txt", "for two at once")
    both = [there.start(COORDINATOR), there.start(COORDINATOR)]
    ended = [(process.communicate(timeout=300)[1], process.returncode) for process in both]
    assert sorted(code for _, code in ended) == [0, 1], ended
    (refused,) = [err for err, code in ended if code == 1]
    assert "under way" in refused or "began just now" in refused
    assert there.cloud.environment(now(there))["BUILD_COMMIT"] == there.head


def test_traffic_that_somebody_else_changed_is_left_alone(there: World, serving: str) -> None:
    there.commit("shared/schemas/note.txt", "while somebody else is at it")
    before = now(there)
    seen: list[Any] = []
    with there.cloud.meddling(seen.append):
        process = there.start(COORDINATOR)
        wait_for(seen, process)
        gcloud(there, "run", "services", "update-traffic", COORDINATOR, f"--to-revisions={serving}=100")
        _, err = process.communicate(timeout=300)
    assert process.returncode == 1, err
    assert f"{before} does not serve any more" in err
    assert now(there) == serving


def test_an_interrupt_after_the_switch_rolls_back(there: World) -> None:
    there.commit("shared/schemas/note.txt", "interrupted")
    before = now(there)
    switched: list[str] = []
    with there.cloud.meddling(on_traffic=switched.append):
        process = there.start(COORDINATOR, WATCH_SECONDS="30")
        wait_for(switched, process)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 3, err
    assert now(there) == before


def test_an_environment_wiped_by_hand_is_drift_and_a_rollback_mends_it(there: World) -> None:
    good = now(there)
    gcloud(there, "run", "services", "update", COORDINATOR, "--set-env-vars=AUTH=iam,ONLY=1,AUTH_EMAILS=a@b,AUTH_AUDIENCES=c",
           f"--update-labels=previous-revision={good}")  # fmt: skip
    gcloud(there, "run", "services", "update-traffic", COORDINATOR, "--to-latest")
    assert now(there) != good
    done = there.deploy(COORDINATOR, "--verify")
    assert done.code == 5, done.err
    assert "environment: ONLY: '1', not declared" in done.err
    assert "environment: GCP_PROJECT_ID: absent" in done.err
    refused = there.deploy(COORDINATOR)
    assert refused.code == 1
    assert "ONLY: set by hand on the serving revision" in refused.err
    assert there.deploy(COORDINATOR, "--rollback").code == 0
    assert now(there) == good


def test_a_public_invoker_is_drift_and_stops_a_deployment(there: World) -> None:
    there.cloud.grant(COORDINATOR, "allUsers")
    try:
        verified, deployed = there.deploy(COORDINATOR, "--verify"), there.deploy(COORDINATOR)
    finally:
        there.cloud.policy(COORDINATOR)["bindings"].pop()
    assert verified.code == 5
    assert "public: allUsers may call" in verified.err
    assert deployed.code == 1
    assert "allUsers may call the service" in deployed.err


def wait_for(seen: list[Any], process: subprocess.Popen[str]) -> None:
    while not seen and process.poll() is None:
        time.sleep(0.05)


def gcloud(there: World, *arguments: str) -> None:
    """What an operator does by hand."""
    config = there.clone.parent / "by-hand"
    config.mkdir(exist_ok=True)
    (config / "token").write_text("a-token")
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(config), "CLOUDSDK_CONFIG": str(config),
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(config / "token"), **there.plane.environment(),
    }  # fmt: skip
    done = subprocess.run(
        ["gcloud", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
