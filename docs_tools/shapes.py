"""The JSON output of each command, inferred from real output: ``python -m docs_tools.shapes [--write]``.

The commands run on the state at the end of the tutorial. For commands that cannot run there, the declared
type is shown (``docs_tools.declared``). A shape lists keys with the types that occurred; ``or null`` means
that null occurred as well. An object whose keys are names of systems, players or features is shown once, for
any name.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backfill_jobs.cli import bench, deadletters
from backfill_jobs.demo import figures
from docs_tools import declared, markdown
from docs_tools.site import ROOT
from docs_tools.transcripts import PageRunner
from shared.application.models import promotion
from shared.application.operations import readiness
from shared.domain.features.contract import FEATURES
from shared.domain.systems.catalog import SYSTEM_IDS

PAGE = ROOT / "docs" / "reference" / "json.md"
START_PAGE = "docs/tutorial.md"
DAY, NEXT = "2025-03-19", "2025-03-20"
TRAIN = "--train-start 2023-10-01 --train-end 2025-02-28 --eval-start 2025-03-01 --eval-end 2025-03-18"

EXAMPLE_PREDICTION = (
    f"game_date = '{DAY}' AND system_id = 'line_anchored_v1' AND is_active AND has_prop_line "
    "ORDER BY player_lookup"
)
"""A prediction with a value in every field."""

COMMANDS = (
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

DECLARED: dict[str, Any] = {
    "props demo": figures.Summary,
    "props bench": list[bench.BenchResult],
    "props models compare": promotion.Comparison,
    "props deadletters show": deadletters.MessageDetails,
    "props deadletters replay": deadletters.ReplayResult,
    "props deployments check": readiness.Checks,
}
"""Output types of commands that need services, messages or minutes, which a page does not have."""


def page(runner: PageRunner) -> str:
    runner.run_page(START_PAGE)
    parts = [part for command in _commands(runner) for part in _command_section(runner, *command)]
    parts += [part for name, type_ in DECLARED.items() for part in _section(name, declared.shape(type_))]
    about = """\
With `--json` a command prints one object on standard output; `props bench` prints a list. Progress and
warnings go to standard error. The exit code is the same as without `--json`. Dates and instants are ISO 8601,
instants with their zone. New versions may add keys, but never rename them."""
    return markdown.page(
        "JSON of the commands",
        about,
        *parts,
        command="python -m docs_tools.shapes --write",
    )


def _commands(runner: PageRunner) -> Iterator[tuple[str, str]]:
    """Yield each command as documented, and with the values to run it."""
    values = {
        "RUN": _first(runner, "run_id", f"prediction_runs WHERE game_date = '{DAY}'"),
        "PREDICTION": _first(runner, "prediction_id", f"player_prop_predictions WHERE {EXAMPLE_PREDICTION}"),
        "MODEL": _first(runner, "model_id", "model_registry WHERE system_id = 'catboost_v9'"),
    }
    for command in COMMANDS:
        if command.endswith(" PATH"):
            values["PATH"] = _first(runner, "path", "model_registry WHERE state = 'champion'")
        call = " ".join(values.get(word, word) for word in command.split(" "))
        yield command, f"{call} --json"


def _first(runner: PageRunner, column: str, where: str) -> str:
    query = f"SELECT {column} FROM nba_predictions.{where} LIMIT 1"
    _, output = runner.run(START_PAGE, f'props sql --json "{query}"')
    return str(json.loads(output)["rows"][0][column])


def _command_section(runner: PageRunner, command: str, call: str) -> Iterator[str]:
    _, output = runner.run(START_PAGE, call)
    try:
        value = json.loads(output)
    except ValueError as exc:
        raise ValueError(f"{call}: expected JSON, got {output[:2000]}") from exc
    yield from _section(command_name(command), shape([value]))


def _section(name: str, shape: Any) -> Iterator[str]:
    yield f"## {name}"
    yield "```text\n" + "\n".join(lines(shape)) + "\n```"


def command_name(command: str) -> str:
    """Return the name of a command, without its arguments."""
    words = command.split(" ")
    return " ".join(words[: 3 if words[1] in GROUPS else 2])


def shape(values: list[Any]) -> Any:
    """Return the common shape of values: a dict, a list with one item, or type names."""
    present = [v for v in values if v is not None]
    if present and all(isinstance(v, dict) for v in present):
        keys = list(dict.fromkeys(k for v in present for k in v))
        if all(k.isupper() for k in keys):  # counts by kind, in no fixed order
            keys.sort()
        kind = _key_kind(keys)
        if kind:
            return {kind: shape([inner for v in present for inner in v.values()])}
        return {k: shape([v[k] for v in present if k in v]) for k in keys}
    if present and all(isinstance(v, list) for v in present):
        inner = [item for v in present for item in v]
        return [shape(inner)] if inner else []
    names = dict.fromkeys("null" if v is None else TYPE_NAMES[type(v)] for v in values)
    return " or ".join(sorted(names, key=lambda n: n == "null"))


GROUPS = frozenset({"features", "mlfs", "runs", "models", "deadletters", "deployments"})

TYPE_NAMES: dict[type, str] = {
    str: "text", int: "number", float: "number", bool: "true or false", dict: "object", list: "list",
}  # fmt: skip


def _key_kind(keys: list[str]) -> str | None:
    """Return the kind of names that an object's keys are; None if the keys are its fields."""
    if keys and set(keys) <= set(SYSTEM_IDS):
        return "SYSTEM"
    if len(keys) > 1 and set(keys) <= set(FEATURES):
        return "FEATURE"
    return "NAME" if len(keys) > MAX_FIELDS else None


MAX_FIELDS = 50
"""The keys of an object with more keys than this are names."""


def lines(shape: Any, indent: str = "", key: str = "") -> Iterator[str]:
    head = f"{indent}{key + ': ' if key else ''}"
    if isinstance(shape, declared.OrNull):
        *but_last, last = lines(shape.shape, indent, key)
        yield from (*but_last, f"{last} or null")
    elif isinstance(shape, dict):
        yield head + "{"
        for name, inner in shape.items():
            yield from lines(inner, indent + "  ", name)
        yield indent + "}"
    elif isinstance(shape, list) and shape and isinstance(shape[0], dict | list):
        yield head + "["
        yield from lines(shape[0], indent + "  ")
        yield indent + "]"
    elif isinstance(shape, list):
        yield head + (f"list of {shape[0]}" if shape else "list, empty here")
    else:
        yield head + shape


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        text = page(PageRunner(Path(folder)))
    if arguments == ["--write"]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
