"""Shapes of declared types, and that what is printed fits them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
import typer

from backfill_jobs.cli import deployments
from docs_tools import declared, shapes
from docs_tools.declared import type_errors
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
    assert type_errors(FITS, Outer) == []
    assert type_errors({**FITS, "f": True, "g": {"c": "x"}}, Outer) == []


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"a": "1"}, ".a: '1' is not of type"),
        ({"a": True}, ".a: True is not of type"),
        ({"b": [{"c": "x"}, {}]}, ".b[1].c: missing"),
        ({"d": {"k": None}}, ".d.k: None is not of type"),
        ({"e": "z"}, ".e: 'z' is not of type"),
        ({"z": 1}, ".z: not declared"),
        ({"i": "z"}, ".i: 'z' is not of type"),
        ({"g": {"c": 1}}, ".g.c: 1 is not of type"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(change: dict[str, Any], wrong: str) -> None:
    (told,) = type_errors(FITS | change, Outer)
    assert told.startswith(wrong)


def test_checks_of_a_revision_are_printed_as_declared(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        deployments._show_checks(
            [Check("ready", PASSED, "yes", 1.5), Check("model", FAILED, "another")], True
        )
    told = json.loads(capsys.readouterr().out)
    assert type_errors(told, shapes.DECLARED["props deployments check"]) == []
