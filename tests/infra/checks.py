"""Whether a command would be understood: by the parser of the program itself, without running it.

Each check gives what is wrong, or None.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import typer
from pydantic_settings import BaseSettings

from backfill_jobs.cli.main import app
from backfill_jobs.cli.service_checks import ServiceUrls
from backfill_jobs.grading.prediction_accuracy.prediction_accuracy_grading_backfill import grade
from backfill_jobs.prediction.player_prop_predictions_backfill import predict
from shared.application.fetching.settings import FetchSettings
from shared.backends import ModelSettings
from tests.infra.commands import ROOT, Command, unknown

USAGE_ERROR = typer.BadParameter.__bases__[0]
"""What click raises for any command line that it does not understand."""

DEPLOY = "bin/deploy-service.sh"
DEPLOY_FLAGS = frozenset(
    {"--image", "--model", "--override", "--dry-run", "--verify", "--rollback", "--help"}
)
SERVICES = ("prediction-coordinator", "prediction-worker")

REAL = frozenset({"POST", "CATBOOST", "TODAY", "TOMORROW"})
"""Arguments in capitals that mean themselves."""

Words = Sequence[str]


def plain(command: Command) -> str | None:
    """What can be said without terraform and gcloud; a program that nobody knows is wrong."""
    program = command.argv[0] if command.argv else "export"
    check = PROGRAMS.get(program.removeprefix(".venv/bin/"))
    if check is None:
        return f"{program}: a program that no check knows"
    words = command.argv[1:]
    if not command.named and (left := [w for w in unknown(words) if w not in REAL]):
        return f"{left[0]}: neither a placeholder of tests/infra/commands.py nor a word that means itself"
    return environment(dict(command.environment)) or check(words, command.named)


def environment(values: Mapping[str, str]) -> str | None:
    wrong = sorted(values.keys() - _variables())
    return f"{wrong[0]}: no program reads this variable" if wrong else None


@cache
def _variables() -> frozenset[str]:
    classes: tuple[type[BaseSettings], ...] = (ModelSettings, ServiceUrls, FetchSettings)
    fields = {name.upper() for c in classes for name in c.model_fields}
    return frozenset({*fields, "PYTHONPATH", "PROPS_REAL_DATA"})


def props(words: Words, named: bool) -> str | None:
    return _click(typer.main.get_command(app), "props", words, named)


def _click(command: Any, path: str, words: Words, named: bool) -> str | None:
    """``named``: the path alone, whose arguments are told elsewhere."""
    left = list(words)
    while left and left[0] in getattr(command, "commands", {}):
        path, command = f"{path} {left[0]}", command.commands[left.pop(0)]
    options = {name for p in command.params for name in p.opts}
    if hasattr(command, "commands") and not (left and set(left) <= options):
        return (
            f"{path}: no command {left[0]!r}" if left else None if named else f"{path}: a command is missing"
        )
    if named and not left:
        return None
    try:
        command.make_context(path, left)
    except USAGE_ERROR as exc:
        return f"{path}: {exc.format_message()}"
    except typer.Exit:  # --help
        return None
    return None


JOBS: dict[str, Callable[..., None]] = {
    "backfill_jobs/prediction/player_prop_predictions_backfill.py": predict,
    "backfill_jobs/grading/prediction_accuracy/prediction_accuracy_grading_backfill.py": grade,
}


def python(words: Words, named: bool) -> str | None:
    if words and words[0] == "-m" and len(words) > 1:
        return _module(words[1], words[2:])
    if not words or words[0] not in JOBS:
        return f"python {words[0] if words else ''}: expected -m MODULE or one of {', '.join(JOBS)}"
    alone = typer.Typer()
    alone.command()(JOBS[words[0]])
    return _click(typer.main.get_command(alone), words[0], words[1:], named or not words[1:])


def _module(name: str, words: Words) -> str | None:
    """The module is there, and each option stands in its source."""
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        found = None
    if found is None or found.origin is None:
        return f"python -m {name}: no such module"
    path = Path(found.origin)
    source = (path.parent / "__main__.py" if path.name == "__init__.py" else path).read_text(encoding="utf-8")
    strings = {n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)}
    wrong = [w for w in words if w.startswith("-") and w not in strings]
    return f"python -m {name}: no option {wrong[0]}" if wrong else None


def make(words: Words, _named: bool) -> str | None:
    set_here = [w.partition("=")[0] for w in words if "=" in w]
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    wrong = [name for name in set_here if not re.search(rf"^{name} \?=", text, re.MULTILINE)]
    if wrong:
        return f"make: {wrong[0]} is no variable of the Makefile"
    ran = subprocess.run(["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return f"make: {ran.stderr.strip()}" if ran.returncode else None


def deploy(words: Words, named: bool) -> str | None:
    """Flags against what the script says of itself, where it is there."""
    names, flags = [w for w in words if not w.startswith("-")], [w for w in words if w.startswith("-")]
    known = deploy_flags()
    wrong = [f for f in flags if f.partition("=")[0] not in known]
    if wrong:
        return f"{DEPLOY}: no flag {wrong[0]}"
    if flags == ["--help"] or (named and not words):
        return None
    return (
        None if names and names[0] in SERVICES else f"{DEPLOY}: expected one of {', '.join(SERVICES)} first"
    )


@cache
def deploy_flags() -> frozenset[str]:
    script = ROOT / DEPLOY
    if not script.is_file():
        return DEPLOY_FLAGS
    told = subprocess.run([script, "--help"], capture_output=True, text=True, check=False, timeout=30)
    return frozenset({*re.findall(r"(?<![\w-])--[a-z-]+", told.stdout + told.stderr), "--help"})


def terraform(words: Words, _named: bool) -> str | None:
    """Folder, addresses and outputs; the flags are asked of terraform itself."""
    text = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "infra").glob("*.tf"))
    folder, rest = ROOT, list(words)
    if rest and rest[0].startswith("-chdir="):
        folder = ROOT / rest.pop(0).partition("=")[2]
    if rest[:1] != ["plan"] and not any(folder.glob("*.tf")):
        return f"terraform: {folder.name} holds no configuration; give -chdir=infra"
    asked = [w.partition("=")[2] for w in rest if w.startswith("-target=")]
    asked += rest[1:2] if rest[:1] == ["import"] else []
    for address in asked:
        kind, _, name = address.partition(".")
        declared = f'module "{name}"' if kind == "module" else f'resource "{kind}" "{name}"'
        if declared not in text:
            return f"terraform: {address} is not declared"
    if rest[:1] == ["output"] and not rest[-1].startswith("-") and f'output "{rest[-1]}"' not in text:
        return f"terraform: no output {rest[-1]!r}"
    return None


def terraform_flags(words: Words) -> str | None:
    """Subcommand and flags, by what ``terraform SUBCOMMAND -help`` lists."""
    rest = [w for w in words if not w.startswith("-chdir=")]
    known = _terraform_help(rest[0])
    if known is None:
        return f"terraform: no command {rest[0]!r}"
    wrong = [w for w in rest[1:] if w.startswith("-") and w.partition("=")[0] not in known]
    return f"terraform {rest[0]}: no flag {wrong[0]}" if wrong else None


@cache
def _terraform_help(command: str) -> frozenset[str] | None:
    """None for a command that is none. Whatever ``plan`` takes, ``apply`` takes as well and does not list."""
    tell = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull}
    told = subprocess.run(
        ["terraform", command, "-help"], env=tell, capture_output=True, text=True, check=False, timeout=60
    )
    if told.returncode:
        return None
    found = frozenset(re.findall(r"^  (-[a-z-]+)", told.stdout, re.MULTILINE))
    return found | (_terraform_help("plan") or frozenset()) if command == "apply" else found


GCLOUD = {
    "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
    "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
}
"""It asks nobody and nothing: neither a person nor the network."""


def gcloud(words: Words, named: bool) -> str | None:
    """That what it names is declared, and that a job's arguments are ones of ``props``; flags are asked of gcloud."""
    group = tuple(words[:2])
    for kind, declared in _declared().items():
        names = [
            w.rpartition("=")[2]
            for w in words
            if re.fullmatch(r"(--[a-z-]+=)?(props|predictions?)-[a-z-]+", w)
        ]
        if group == kind and (wrong := [n for n in names if n not in declared]):
            return f"gcloud {' '.join(kind)}: {wrong[0]} is not declared in infra/"
    given = next((w.partition("=")[2].split(",") for w in words if w.startswith("--args=")), None)
    if group == ("run", "jobs") and given is not None:
        return props(given, named)
    return None


@cache
def _declared() -> dict[tuple[str, str], frozenset[str]]:
    topics, jobs = _keys("messaging.tf", "topics"), _keys("jobs.tf", "jobs")
    feeds = (ROOT / "infra" / "feeds.tf").read_text(encoding="utf-8")
    schedules = [f"run-{r}" for r in _keys("schedule.tf", "runs")] + _keys("schedule.tf", "job_times")
    return {
        ("run", "services"): frozenset(SERVICES),
        ("run", "revisions"): frozenset(SERVICES),
        ("run", "jobs"): frozenset(f"props-{j}" for j in jobs),
        ("scheduler", "jobs"): frozenset(f"props-{s}" for s in (*schedules, "check-stalled")),
        ("pubsub", "topics"): frozenset(topics),
        ("pubsub", "subscriptions"): frozenset({*topics, *(f"{t}-dead" for t in topics)}),
        ("builds", "triggers"): frozenset({"props-release"}),
        ("secrets", "versions"): frozenset(re.findall(r'secret_id\s+= "(props-[a-z-]+)"', feeds)),
    }


def _keys(file: str, block: str) -> list[str]:
    """Keys of a map among the locals of a file."""
    text = (ROOT / "infra" / file).read_text(encoding="utf-8")
    found = re.search(rf"^  {block} = {{\n(.*?)^  }}$", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"^    ([\w-]+)\s*= {", found[1], re.MULTILINE) if found else []


def alerts() -> set[str]:
    return {*_keys("alerts.tf", "alerts"), *_keys("slo.tf", "promises")}


def gcloud_lint(commands: Sequence[Command], folder: Path) -> dict[Command, str]:
    """What gcloud's own parser has against commands, all of them in one start of it.

    Its exit code is 0 whatever it finds, so the answers are read and counted. It takes a flag and the word
    after it for one: flags without a value go last.
    """
    texts = {c: _joined(c) + (" --help" if c.named else "") for c in commands}
    asked = sorted(set(texts.values()))
    file = folder / "commands.json"
    file.write_text(
        json.dumps([{"id": i, "command_string": t} for i, t in enumerate(asked, 1)]), encoding="utf-8"
    )
    told = subprocess.run(
        ["gcloud", "meta", "lint-gcloud-commands", f"--commands-file={file}", "--serialize"],
        env=os.environ | GCLOUD | {"CLOUDSDK_CONFIG": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    answers = {asked[int(i) - 1]: answer for i, (answer,) in json.loads(told.stdout).items()}
    if len(answers) != len(asked):
        raise AssertionError(f"gcloud answered {len(answers)} of {len(asked)} commands")
    wrong = {t: " ".join(str(a["error_message"]).split()) for t, a in answers.items() if not a["success"]}
    return {c: wrong[t] for c, t in texts.items() if t in wrong}


def _joined(command: Command) -> str:
    return " ".join(_quoted(w) for w in command.argv)


def _quoted(word: str) -> str:
    """In single quotes but for the flag's name, which gcloud's linter looks for at the beginning of a word."""
    if re.fullmatch(r"[\w@%+=:,./-]+", word):
        return word
    flag, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return f"{flag}{equals}'{value}'"


def _nothing(_words: Words, _named: bool) -> str | None:
    return None


def _files(words: Words, _named: bool) -> str | None:
    """The first file is there."""
    return None if words and (ROOT / words[0]).exists() else f"{words[:1]}: no such file"


def _activate(words: Words, _named: bool) -> str | None:
    return None if list(words) == [".venv/bin/activate"] else f"source {words}: expected .venv/bin/activate"


def _export(words: Words, _named: bool) -> str | None:
    return environment(dict(w.split("=", 1) for w in words))


def _pytest(words: Words, _named: bool) -> str | None:
    markers = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    known = len(words) == 2 and words[0] == "-m" and f'"{words[1]}:' in markers
    return None if known else f"pytest {' '.join(words)}: expected -m with a declared marker"


PROGRAMS: dict[str, Callable[[Words, bool], str | None]] = {
    "props": props,
    "python": python,
    "make": make,
    "terraform": terraform,
    "gcloud": gcloud,
    f"./{DEPLOY}": deploy,
    "pytest": _pytest,
    "export": _export,
    "source": _activate,
    "cp": _files,
    "curl": _nothing,
    "git": _nothing,
    "grep": _nothing,
}
"""Every program that a page may ask for. bq and gsutil are not among them: gcloud and props do what they do."""
