"""The page of the commands' JSON, and the comparison of what is printed with its declared type."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec
import pytest
import typer

from backfill_jobs.cli import deployments
from backfill_jobs.cli.json_output.commands import JSON_OUTPUT
from backfill_jobs.cli.json_output.types import struct
from docs_tools.reference import json_output
from shared.application.operations.readiness import FAILED, PASSED, Check
from tests.docs.json_commands import checked


class Inner(TypedDict):
    """Why ``c`` is None."""

    c: str | None


class Outer(TypedDict):
    a: float
    b: list[Inner]
    d: dict[Annotated[str, msgspec.Meta(title="ID")], int]
    z: Literal["x", "y"]
    f: NotRequired[bool]
    g: Inner | None
    h: Any
    i: list[str]
    k: struct("Row", None, n=Annotated[int, msgspec.Meta(description="rows")])  # type: ignore[valid-type]


FITS = {"a": 1.0, "b": [{"c": None}], "d": {"k": 2}, "z": "x", "g": None, "h": [], "i": ["z"], "k": {"n": 1}}


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(JSON_OUTPUT, "outer", Outer)


def test_a_type_is_shown_key_by_key() -> None:
    assert list(json_output.keys(msgspec.inspect.type_info(Outer))) == [
        ("`a`", "number", ""),
        ("`b`", "list of objects", "Why `c` is null."),
        ("`b[].c`", "text or null", ""),
        ("`d`", "whole number for each ID", ""),
        ("`z`", "`x` or `y`", ""),
        ("`f`", "true or false, optional", ""),
        ("`g`", "object or null", "Why `c` is null."),
        ("`g.c`", "text or null", ""),
        ("`h`", "any value", ""),
        ("`i`", "list of text", ""),
        ("`k`", "object", ""),
        ("`k.n`", "whole number", "rows"),
    ]


@pytest.mark.parametrize("change", [{}, {"f": True, "g": {"c": "x"}}])
def test_what_fits_is_returned(change: dict[str, Any]) -> None:
    assert checked("outer", json.dumps(FITS | change)) == FITS | change


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"a": "1"}, "Expected `float`, got `str` - at `$.a`"),
        ({"a": True}, "Expected `float`, got `bool` - at `$.a`"),
        ({"b": [{"c": "x"}, {}]}, r"missing required field `c` - at `$.b[1]`"),
        ({"d": {"k": None}}, "Expected `int`, got `null` - at `$.d[...]`"),
        ({"z": "z"}, "Invalid enum value 'z' - at `$.z`"),
        ({"i": "z"}, "Expected `array`, got `str` - at `$.i`"),
        ({"g": {"c": 1}}, "Expected `str | null`, got `int` - at `$.g.c`"),
        ({"k": {"n": 1, "m": 2}}, "unknown field `m` - at `$.k`"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(change: dict[str, Any], wrong: str) -> None:
    with pytest.raises(msgspec.ValidationError) as failed:
        checked("outer", json.dumps(FITS | change))
    assert wrong in str(failed.value)


@pytest.mark.parametrize("change", [{"y": 1}, {"b": [{"c": None, "e": 1}]}])
def test_a_key_that_is_not_declared_is_found(change: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="outer"):
        checked("outer", json.dumps(FITS | change))


def test_checks_of_a_revision_are_printed_as_declared(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        deployments._show_checks(
            [Check("ready", PASSED, "yes", 1.5), Check("model", FAILED, "another")], True
        )
    checked("props deployments check", capsys.readouterr().out)
