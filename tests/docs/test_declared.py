"""Shapes of declared types, and that what is printed fits them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
import typer

from backfill_jobs.cli import deployments
from handbook import declared, shapes
from handbook.declared import misfits
from shared.application.operations.readiness import FAILED, PASSED, Check


class Inner(TypedDict):
    c: str | None


class Outer(TypedDict):
    a: float
    b: list[Inner]
    d: Annotated[dict[str, int], "ID"]
    e: Literal["x", "y"]
    f: NotRequired[bool]
    g: Inner | None
    h: Any
    i: list[str]


FITS = {"a": 1, "b": [{"c": None}], "d": {"k": 2}, "e": "x", "g": None, "h": [], "i": ["z"]}


def test_a_declared_shape_reads_like_one_that_was_printed() -> None:
    assert list(shapes.lines(declared.shape(Outer))) == [
        "{",
        "  a: number",
        "  b: [", "    {", "      c: text or null", "    }", "  ]",
        "  d: {", "    ID: number", "  }",
        '  e: "x" or "y"',
        "  f: true or false",
        "  g: {", "    c: text or null", "  } or null",
        "  h: any",
        "  i: list of text",
        "}",
    ]  # fmt: skip
    assert misfits(FITS, Outer) == []
    assert misfits({**FITS, "f": True, "g": {"c": "x"}}, Outer) == []


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"a": "1"}, ".a: '1' is no"),
        ({"a": True}, ".a: True is no"),
        ({"b": [{"c": "x"}, {}]}, ".b[1].c: absent"),
        ({"d": {"k": None}}, ".d.k: None is no"),
        ({"e": "z"}, ".e: 'z' is no"),
        ({"z": 1}, ".z: not declared"),
        ({"i": "z"}, ".i: 'z' is no"),
        ({"g": {"c": 1}}, ".g.c: 1 is no"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(change: dict[str, Any], wrong: str) -> None:
    (told,) = misfits(FITS | change, Outer)
    assert told.startswith(wrong)


def test_checks_of_a_revision_are_printed_as_declared(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        deployments._show_checks(
            [Check("ready", PASSED, "yes", 1.5), Check("model", FAILED, "another")], True
        )
    told = json.loads(capsys.readouterr().out)
    assert misfits(told, shapes.DECLARED["props deployments check"]) == []
