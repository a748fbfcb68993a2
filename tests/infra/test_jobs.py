"""What Cloud Run's jobs are started with, in the product's own words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from backfill_jobs.cli.main import app

JOBS = Path(__file__).parents[2] / "infra" / "jobs.tf"


def arguments_of(text: str) -> list[list[str]]:
    """Every ``arguments = [...]`` of a Terraform file."""
    lists = re.findall(r"\barguments\s*=\s*(\[[^\]]*\])", text)
    return [json.loads(re.sub(r",\s*\]", "]", found)) for found in lists]


def parse(arguments: list[str]) -> str:
    """The command that would run, with the kind of a fetch; nothing is run. Raises what a wrong use raises."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("props", list(arguments))
    while hasattr(command, "resolve_command"):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)
    kind = context.params.get("kind")
    return f"{context.command_path} {kind.value}" if kind else str(context.command_path)


WANTED = {
    "props features build",
    "props grade",
    "props validate-daily",
    "props train",
    "props fetch boxscores",
    "props fetch injuries",
    "props fetch odds",
    "props fetch schedule",
    "props deployments list",
}


def test_every_job_is_started_with_arguments_that_the_command_takes() -> None:
    found = arguments_of(JOBS.read_text(encoding="utf-8"))
    assert {parse(arguments) for arguments in found} == WANTED


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("TODAY+1", "TODAY+one", "'TODAY\\+one', expected YYYY-MM-DD, TODAY"),
        ("TODAY-1123", "YESTERDAY", "'YESTERDAY', expected"),
        ("--end-date", "--until", "--until"),
        ('"validate-daily"', '"validate"', "validate"),
        ('"features", "build"', '"features"', "--dates"),
        ("--eval-end", "--eval-start", "eval_end"),
    ],
)
def test_arguments_that_the_command_does_not_take_are_noticed(right: str, wrong: str, words: str) -> None:
    text = JOBS.read_text(encoding="utf-8")
    assert right in text
    with pytest.raises(Exception, match=words) as refused:
        _ = [parse(arguments) for arguments in arguments_of(text.replace(right, wrong))]
    assert hasattr(refused.value, "format_message")
