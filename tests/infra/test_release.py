"""What a release makes of Cloud Run's JSON, and that it fills in what Terraform fills in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra import release
from infra.release import Refused
from shared.backends import path_variable
from shared.domain.systems.catalog import MODEL_SYSTEMS

ROOT = Path(__file__).parents[2]
PLACE = {"project": "p1", "number": "123", "region": "us-west2"}


def revision(env: dict[str, str], image: str = "w@sha256:" + "a" * 64) -> dict[str, Any]:
    container = {"image": image, "env": [{"name": n, "value": v} for n, v in env.items()]}
    return {"metadata": {"name": "w-1"}, "spec": {"containers": [container]}}


def service(*traffic: dict[str, Any], newest: str = "w-1") -> dict[str, Any]:
    return {"status": {"traffic": list(traffic), "latestCreatedRevisionName": newest}}


@pytest.mark.parametrize("program", ["prediction-worker", "prediction-coordinator", "props"])
def test_every_declared_value_is_filled_in_from_what_terraform_knows(program: str) -> None:
    values, _ = release.declared(program, **PLACE)
    assert not [v for v in values.values() if "$" in v]
    text = (ROOT / "infra" / "services.tf").read_text()
    named = set(re.findall(r"\$\{(\w+)\}", (ROOT / "infra" / "environment" / f"{program}.json").read_text()))
    body = text[text.index("templatefile(") :]
    filled = set(re.findall(r"^\s+(\w+)\s+= ", body[: body.index("})")], flags=re.MULTILINE))
    assert named <= filled


def test_every_caller_is_an_account_that_terraform_makes() -> None:
    accounts = (ROOT / "infra" / "accounts.tf").read_text()
    for service in ("prediction-worker", "prediction-coordinator"):
        values, _ = release.declared(service, **PLACE)
        ours = re.findall(r"props-(\w+)@p1\.iam\.gserviceaccount\.com", values["AUTH_EMAILS"])
        assert {"push", "release"} <= set(ours)
        assert [a for a in ours if f"    {a} " not in accounts] == []


def test_a_model_is_named_by_the_variable_that_the_product_reads() -> None:
    assert [release.path_variable(s) for s in MODEL_SYSTEMS] == [path_variable(s) for s in MODEL_SYSTEMS]
    manifest = {"system_id": "catboost_v8", "sha256": "ff"}
    assert release.model_variables("gs://b/m.cbm", manifest, "7") == {
        "CATBOOST_V8_MODEL_PATH": "gs://b/m.cbm"
    }
    assert release.model_variables("gs://b/m.cbm", manifest | {"system_id": "catboost_v9"}, "7") == {
        "CATBOOST_V9_MODEL_PATH": "gs://b/m.cbm", "MODEL_SHA256": "ff", "MODEL_GENERATION": "7",
    }  # fmt: skip


def test_a_release_keeps_what_an_earlier_one_set_and_leaves_out_what_nobody_declared() -> None:
    values, names = {"A": "1"}, ["M", "N"]
    assert release.next_environment(values, names, {"A": "old", "M": "m", "X": "x"}, {"N": "n"}) == {
        "A": "1", "M": "m", "N": "n",
    }  # fmt: skip
    assert release.undeclared(values, names, {"A": "1", "M": "m", "X": "x"}) == ["X"]
    with pytest.raises(Refused, match="A: not left to a release"):
        release.next_environment(values, names, {}, {"A": "2"})


def test_a_whole_environment_is_compared() -> None:
    found = release.differences({"A": "1", "C": "3"}, {"A": "2", "B": "2"})
    assert found == ["B: absent, expected '2'", "A: '1', expected '2'", "C: '3', not declared"]
    assert release.differences({"A": "1"}, {"A": "1"}) == []


@pytest.mark.parametrize(
    "traffic",
    [[], [{"revisionName": "a", "percent": 60}, {"revisionName": "b", "percent": 40}],
     [{"revisionName": "a", "percent": 99}]],
)  # fmt: skip
def test_one_revision_must_have_all_the_traffic(traffic: list[dict[str, Any]]) -> None:
    with pytest.raises(Refused, match="expected one revision with 100 %"):
        release.serving(service(*traffic))
    tagged = {"revisionName": "b", "tag": "canary", "url": "https://canary"}
    assert release.serving(service({"revisionName": "a", "percent": 100}, tagged)) == "a"


def test_the_address_under_test_is_that_of_the_revision_meant() -> None:
    state = service({"revisionName": "b", "tag": "canary", "url": "https://canary"})
    assert release.tag_url(state, "b") == "https://canary"
    with pytest.raises(Refused, match="another deployment may have taken it"):
        release.tag_url(state, "a")


@pytest.mark.parametrize("image", ["w:latest", "w", "w@sha256:12", "w@md5:" + "a" * 64])
def test_an_image_without_a_whole_digest_is_refused(image: str) -> None:
    with pytest.raises(Refused, match="expected IMAGE@sha256:DIGEST"):
        release.digest(image)


def test_drift_is_traffic_image_and_environment() -> None:
    assert release.drift(service(newest="w-2"), revision({"A": "1"}, "w:latest"), {"A": "2"}) == [
        "traffic: w-1 serves, the newest revision is w-2",
        "image w:latest: expected IMAGE@sha256:DIGEST",
        "environment: A: '1', expected '2'",
    ]
    assert release.drift(service(), revision({"A": "1"}), {"A": "1"}) == []


def test_who_may_call_is_somebody_in_particular() -> None:
    policy = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers", "user:a@b"]}]}
    assert release.public_members(policy) == ["allUsers"]
    assert release.public_members({}) == []


def test_a_list_for_gcloud_keeps_commas_and_refuses_what_would_split_it() -> None:
    assert release.gcloud_list(["a,b", "c"]) == "^|~|^a,b|~|c"
    for part in ("x|~|y", "two\nlines"):
        with pytest.raises(Refused, match="line break"):
            release.gcloud_list([part])


def test_the_new_template_loses_what_a_refused_revision_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wanted").write_text(json.dumps({"A": "1"}))
    container = revision({"A": "0", "STRAY": "1"})["spec"]
    (tmp_path / "template").write_text(json.dumps({"spec": {"template": {"spec": container}}}))
    code = release.main(
        ["flags", "--wanted", str(tmp_path / "wanted"), "--template", str(tmp_path / "template")]
    )
    assert (code, capsys.readouterr().out) == (0, "--update-env-vars=^|~|^A=1\n--remove-env-vars=STRAY\n")


def test_a_dry_run_says_which_variables_would_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wanted").write_text(json.dumps({"A": "1", "B": "2"}))
    (tmp_path / "serving").write_text(json.dumps(revision({"A": "1", "B": "3"})))
    asked = ["changes", "--wanted", f"{tmp_path}/wanted"]
    assert release.main(asked) == 0
    assert capsys.readouterr().out == "  A: absent, expected '1'\n  B: absent, expected '2'\n"
    assert release.main([*asked, "--serving", f"{tmp_path}/serving"]) == 0
    assert capsys.readouterr().out == "  B: '3', expected '2'\n"
    (tmp_path / "wanted").write_text(json.dumps({"A": "1", "B": "3"}))
    assert release.main([*asked, "--serving", f"{tmp_path}/serving"]) == 0
    assert capsys.readouterr().out == "  nothing changes\n"
