"""The commands whose JSON is compared with its declared type at the end of the tutorial, and how."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from backfill_jobs.cli.json_output.commands import JSON_OUTPUT
from docs_tools.transcripts import PageRunner

START_PAGE = "docs/tutorial.md"
DAY, NEXT = "2025-03-19", "2025-03-20"
TRAIN = "--train-start 2023-10-01 --train-end 2025-02-28 --eval-start 2025-03-01 --eval-end 2025-03-18"

EXAMPLE_PREDICTION = (
    f"game_date = '{DAY}' AND system_id = 'line_anchored_v1' AND is_active AND has_prop_line "
    "ORDER BY player_lookup"
)
"""A prediction with a value in every field."""

PLAYED = (
    "props load .props/demo/after",
    "props doctor",
    f"props features build --dates {NEXT}",
    f"props mlfs diagnose --date {NEXT}",
    f"props predict --dates {NEXT} --systems moving_average",
    f"props grade --dates {DAY}",
    f"props coverage --dates {DAY}",
    f"props signal --date {DAY}",
    "props performance --system catboost_v9 --days 7",
    f"props validate-daily --date {DAY}",
    "props runs list",
    "props runs show RUN",
    "props runs check-stalled",
    "props sql 'SELECT 1 AS one'",
    "props explain PREDICTION",
    "props replay PREDICTION",
    f"props train catboost_v9 --name second {TRAIN}",
    "props models list",
    "props models show second",
    "props models verify second",
    "props models health --days 7",
    "props models shadow second --reason shapes",
    "props models promote second --reason shapes --override",
    "props models deployable PATH",
    "props models retire MODEL --reason shapes",
    "props models block MODEL --reason shapes",
    "props evaluate --start 2025-03-10 --end 2025-03-18 --systems moving_average",
    "props deadletters list",
    "props deployments list",
    "props deployments schema",
    "props deployments record --id 1 --service prediction-worker --action deploy --outcome succeeded "
    "--commit abc --by me",
    f"props features invalidate --dates {DAY} --reason shapes",
)  # fmt: skip
"""Commands in an order in which each prints rows; RUN, PREDICTION, MODEL and PATH come from the tutorial."""


def checked(command: str, text: str) -> Any:
    """Return what a command has printed; ``ValidationError`` names a key of another type, or a missing one.

    Keys that are not declared are lost in the conversion and show as a difference.
    """
    value = json.loads(text)
    declared = msgspec.convert(value, JSON_OUTPUT[command], strict=True)
    again = msgspec.to_builtins(declared, builtin_types=(date, datetime))
    assert json.loads(json.dumps(again, default=lambda moment: moment.isoformat())) == value, command
    return value


def commands(runner: PageRunner) -> Iterator[tuple[str, str]]:
    """Yield each command as documented, and with the values to run it."""
    values = {
        "RUN": _first(runner, "run_id", f"prediction_runs WHERE game_date = '{DAY}'"),
        "PREDICTION": _first(runner, "prediction_id", f"player_prop_predictions WHERE {EXAMPLE_PREDICTION}"),
        "MODEL": _first(runner, "model_id", "model_registry WHERE system_id = 'catboost_v9'"),
    }
    for command in PLAYED:
        if command.endswith(" PATH"):
            values["PATH"] = _first(runner, "path", "model_registry WHERE state = 'champion'")
        call = " ".join(values.get(word, word) for word in command.split(" "))
        yield command, f"{call} --json"


def _first(runner: PageRunner, column: str, where: str) -> str:
    query = f"SELECT {column} FROM nba_predictions.{where} LIMIT 1"
    _, output = runner.run(START_PAGE, f'props sql --json "{query}"')
    return str(json.loads(output)["rows"][0][column])


def command_name(command: str) -> str:
    """Return the name of a command, without its arguments."""
    return max((name for name in JSON_OUTPUT if command.startswith(name)), key=len)
