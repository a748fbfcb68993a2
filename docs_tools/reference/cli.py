"""Reference page of the ``props`` command and the deploy script, from their help texts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import typer

from backfill_jobs.cli.framework import EXITS
from backfill_jobs.cli.main import app
from docs_tools import markdown
from docs_tools.site import ROOT

ABOUT = """\
`--help` prints the same for each command. Dates are ISO 8601 or relative to today, US Eastern: `TODAY`,
`TODAY+1`, `TODAY-7`. For the output of `--json` see [JSON of the commands](json.md).
`props --version` prints the version."""


def page() -> str:
    command = typer.main.get_command(app)
    codes = markdown.table(("exit code", "meaning"), [(str(n), text) for n, text in EXITS.items()])
    overview = [(f"[{p}](#{p.replace(' ', '-')})", _summary(c)) for p, c in commands(command, "props")]
    return markdown.page(
        "Command line",
        ABOUT,
        markdown.table(("command", "what it does"), overview),
        "## Exit codes",
        codes,
        *(_command(p, c) for p, c in commands(command, "props")),
        "## deploy-service.sh",
        f"```text\n{_deploy_help()}```",
    )


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every command that can be run, with its full name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
    else:
        for name, subcommand in inner.items():
            yield from commands(subcommand, f"{path} {name}")


def _summary(command: Any) -> str:
    return markdown.plain((command.help or "").split("\n\n")[0])


def _command(path: str, command: Any) -> str:
    options = [p for p in command.params if p.param_type_name == "option" and "--help" not in p.opts]
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    names = [((p.metavar or p.name).strip("{}").upper(), p) for p in arguments]
    names += [(_flag(p), p) for p in options]
    rows = [(markdown.code(name), p.help or "", _default(p)) for name, p in names]
    description = "\n\n".join(markdown.plain(" ".join(p.split())) for p in (command.help or "").split("\n\n"))
    _, *examples = (command.epilog or "").split("\n\n")
    example = "```sh\n" + "\n".join(e.strip() for e in examples) + "\n```" if examples else ""
    table = markdown.table(("option", "meaning", "if left out"), rows)
    return markdown.section(path, description, example, table)


def _flag(option: Any) -> str:
    names = "/".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.metavar or option.name.upper()}"


def _default(option: Any) -> str:
    if option.required:
        return "refused"
    if option.default is None or option.is_flag or callable(option.default):
        return ""
    return markdown.code(str(option.default))


def _deploy_help() -> str:
    script = ROOT / "bin" / "deploy-service.sh"
    return subprocess.run([script, "--help"], capture_output=True, text=True, check=True, timeout=30).stdout
