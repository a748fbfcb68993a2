from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_props import props


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PROPS_BACKEND": "aws"}, "PROPS_BACKEND: Input should be 'embedded' or 'gcp'"),
        ({"MAX_GIB_BILLED": "much"}, "MAX_GIB_BILLED: Input should be a valid integer"),
    ],
)
def test_a_variable_that_cannot_be_meant_is_named_without_a_traceback(
    tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    ended = props(tmp_path, "doctor", **environment)
    assert ended.returncode == 64
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_doctor_says_what_is_wrong_with_the_backend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = props(tmp_path / "file" / "home", "doctor")
    assert ended.returncode == 2
    assert "cannot be created" in ended.stdout
    assert "-> set PROPS_HOME" in ended.stdout


@pytest.mark.slow
def test_nothing_but_the_object_is_printed_and_no_bars_where_nobody_watches(tmp_path: Path) -> None:
    ended = props(tmp_path, "predict", "--dates", "2025-03-19", "--json")
    assert ended.stdout.startswith("{")
    assert ended.stderr == ""


def test_what_is_not_there_comes_with_where_to_look(tmp_path: Path) -> None:
    ended = props(tmp_path, "runs", "show", "nosuch")
    assert (ended.returncode, ended.stderr) == (1, "props: run 'nosuch' does not exist\n-> props runs list\n")
