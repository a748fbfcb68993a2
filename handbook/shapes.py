"""What ``--json`` of each command prints: ``python -m handbook.shapes [--write]``, inferred from its output.

The commands are played where the tutorial has ended; of those that cannot be played there, the declared type
is shown (``handbook.declared``). A shape shows keys with the types that were seen;
``null`` beside a type means that both were. An object whose keys are names of systems, players or features is
shown once, for any name.
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
from handbook import declared, markdown
from handbook.site import ROOT
from handbook.transcripts import Player
from shared.application.models import promotion
from shared.application.operations import readiness
from shared.domain.features.contract import FEATURES
from shared.domain.systems.catalog import SYSTEM_IDS

PAGE = ROOT / "docs" / "reference" / "json.md"
BEGINS = "docs/tutorial.md"
DAY, NEXT = "2025-03-19", "2025-03-20"
TRAIN = "--train-start 2023-10-01 --train-end 2025-02-28 --eval-start 2025-03-01 --eval-end 2025-03-18"

ONE = (
    f"game_date = '{DAY}' AND system_id = 'line_anchored_v1' AND is_active AND has_prop_line "
    "ORDER BY player_lookup"
)
"""A prediction that says all that a prediction can say."""

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
"""In an order in which each has something to say; RUN, PREDICTION, MODEL and PATH are of the tutorial."""

DECLARED: dict[str, Any] = {
    "props demo": figures.Summary,
    "props bench": list[bench.BenchResult],
    "props models compare": promotion.Comparison,
    "props deadletters show": deadletters.MessageDetails,
    "props deadletters replay": deadletters.ReplayResult,
    "props deployments check": readiness.Checks,
}
"""Need services, messages or minutes that a page has not: their shapes are the types that they print."""


def page(player: Player) -> str:
    player.play(BEGINS)
    parts = [part for asked in _asked(player) for part in _part(player, *asked)]
    parts += [part for name, of in DECLARED.items() for part in _shown(name, declared.shape(of))]
    about = """\
One object on standard output, of `props bench` a list; progress and warnings go to standard error, and the
exit code is that of the command without `--json`. Dates and instants are ISO 8601, instants with their zone.
Keys are added, never renamed."""
    return markdown.page(
        "JSON of the commands",
        about,
        *parts,
        by="python -m handbook.shapes --write",
    )


def _asked(player: Player) -> Iterator[tuple[str, str]]:
    """Each command as it is shown, and as it is called."""
    found = {
        "RUN": _first(player, "run_id", f"prediction_runs WHERE game_date = '{DAY}'"),
        "PREDICTION": _first(player, "prediction_id", f"player_prop_predictions WHERE {ONE}"),
        "MODEL": _first(player, "model_id", "model_registry WHERE system_id = 'catboost_v9'"),
    }
    for command in COMMANDS:
        if command.endswith(" PATH"):
            found["PATH"] = _first(player, "path", "model_registry WHERE state = 'champion'")
        called = " ".join(found.get(word, word) for word in command.split(" "))
        yield command, f"{called} --json"


def _first(player: Player, column: str, where: str) -> str:
    asked = f"SELECT {column} FROM nba_predictions.{where} LIMIT 1"
    _, printed = player.run(BEGINS, f'props sql --json "{asked}"')
    return str(json.loads(printed)["rows"][0][column])


def _part(player: Player, shown: str, called: str) -> Iterator[str]:
    _, printed = player.run(BEGINS, called)
    try:
        value = json.loads(printed)
    except ValueError as exc:
        raise ValueError(f"{called}: wanted JSON, got {printed[:2000]}") from exc
    yield from _shown(name_of(shown), shape([value]))


def _shown(name: str, of: Any) -> Iterator[str]:
    yield f"## {name}"
    yield "```text\n" + "\n".join(lines(of)) + "\n```"


def name_of(command: str) -> str:
    """The words that call it, without what it is given."""
    words = command.split(" ")
    return " ".join(words[: 3 if words[1] in GROUPS else 2])


def shape(values: list[Any]) -> Any:
    """The shape of values that stand in the same place: a dict, a one-item list, or a type in words."""
    kinds = [v for v in values if v is not None]
    if kinds and all(isinstance(v, dict) for v in kinds):
        keys = list(dict.fromkeys(k for v in kinds for k in v))
        if all(k.isupper() for k in keys):  # counted by kind, in whatever order the kinds came
            keys.sort()
        named = _name(keys)
        if named:
            return {named: shape([inner for v in kinds for inner in v.values()])}
        return {k: shape([v[k] for v in kinds if k in v]) for k in keys}
    if kinds and all(isinstance(v, list) for v in kinds):
        inner = [one for v in kinds for one in v]
        return [shape(inner)] if inner else []
    names = dict.fromkeys("null" if v is None else WORDS[type(v)] for v in values)
    return " or ".join(sorted(names, key=lambda n: n == "null"))


GROUPS = frozenset({"features", "mlfs", "runs", "models", "deadletters", "deployments"})

WORDS: dict[type, str] = {
    str: "text", int: "number", float: "number", bool: "true or false", dict: "object", list: "list",
}  # fmt: skip


def _name(keys: list[str]) -> str | None:
    """What the keys of an object name, if they are not its fields."""
    if keys and set(keys) <= set(SYSTEM_IDS):
        return "SYSTEM"
    if len(keys) > 1 and set(keys) <= set(FEATURES):
        return "FEATURE"
    return "NAME" if len(keys) > MOST_FIELDS else None


MOST_FIELDS = 50
"""An object with more keys than this has names for keys."""


def lines(of: Any, indent: str = "", key: str = "") -> Iterator[str]:
    head = f"{indent}{key + ': ' if key else ''}"
    if isinstance(of, declared.OrNull):
        *but_last, last = lines(of.shape, indent, key)
        yield from (*but_last, f"{last} or null")
    elif isinstance(of, dict):
        yield head + "{"
        for name, inner in of.items():
            yield from lines(inner, indent + "  ", name)
        yield indent + "}"
    elif isinstance(of, list) and of and isinstance(of[0], dict | list):
        yield head + "["
        yield from lines(of[0], indent + "  ")
        yield indent + "]"
    elif isinstance(of, list):
        yield head + (f"list of {of[0]}" if of else "list, empty here")
    else:
        yield head + of


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        made = page(Player(Path(folder)))
    if arguments == ["--write"]:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    sys.stdout.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
