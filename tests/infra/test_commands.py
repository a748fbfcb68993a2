"""Every command that a page gives is one that its program understands."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from shared.application.queries.sql import ReadOnlySql
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.schemas.catalog import TABLES
from tests.infra import checks, tools
from tests.infra.commands import ROOT, Command, NotACommand, commands

ALL = commands()


def of(program: str, among: list[Command] | None = None) -> list[Command]:
    return [
        c
        for c in (ALL if among is None else among)
        if c.argv and c.argv[0].removeprefix(".venv/bin/") == program
    ]


def only(text: str) -> Command:
    """The one command of a page that has no other."""
    (command,) = commands({"page.md": f"```sh\n{text}\n```\n"})
    return command


def test_the_pages_are_full_of_commands() -> None:
    least = {"props": 60, "gcloud": 50, "terraform": 8, "make": 6, "./bin/deploy-service.sh": 10, "python": 4}
    assert {p: len(of(p)) for p in least if len(of(p)) < least[p]} == {}
    pages = {c.page for c in ALL}
    assert {"README.md", "SECURITY.md", "backfill_jobs/DEPLOYMENT_GUIDE.md", "docs/costs.md"} <= pages
    assert len([p for p in pages if p.startswith("docs/runbooks/")]) == len(
        list((ROOT / "docs/runbooks").glob("*.md"))
    )


@pytest.mark.slow
def test_every_command_is_understood() -> None:
    assert [f"{c}: {wrong}" for c in ALL if (wrong := checks.plain(c))] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("props predict --dates DATE --no-such-flag", "No such option"),
        ("props predict --dates", "requires an argument"),
        ("props models promote MODEL", "Missing"),
        ("props no-such-command", "no command 'no-such-command'"),
        ("props models", "a command is missing"),
        (".venv/bin/props grade --days 3", "No such option"),
        ("props validate-daily --date yesterday", "yesterday"),
        ("PYTHONPATH=. python backfill_jobs/prediction/player_prop_predictions_backfill.py --no-such-flag", "No such option"),
        ("PYTHONPATH=. python backfill_jobs/no_such_job.py", "expected -m MODULE"),
        ("python -m infra.no_such_module", "no such module"),
        ("python -m infra.costs --no-such-flag", "no option --no-such-flag"),
        ("make no-such-target", "No rule"),
        ("make faults TURNS=3", "TURNS is no variable"),
        ("./bin/deploy-service.sh prediction-worker --no-such-flag", "no flag --no-such-flag"),
        ("./bin/deploy-service.sh coordinator", "expected one of"),
        ("terraform -chdir=infra apply -target=google_storage_bucket.none", "is not declared"),
        ("terraform -chdir=infra output -raw no_such_output", "no output"),
        ("terraform apply", "give -chdir=infra"),
        ("gcloud scheduler jobs run props-run-at-noon --location=us-west2", "not declared"),
        ("gcloud secrets versions add props-odds-key --data-file=key.txt", "not declared"),
        ("gcloud run jobs execute props-training --args=train,catboost_v9", "Missing"),
        ("PROPS_BACKENDS=gcp props doctor", "no program reads"),
        ("export PROJECT_ID=PROJECT", "no program reads"),
        ("props load FOLDER", "neither a placeholder"),
        ("cp infra/no_such_file infra/terraform.tfvars", "no such file"),
        ("bq query x", "no check knows"),
        ("gsutil ls", "no check knows"),
        ("kubectl get pods", "no check knows"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_found(text: str, wrong: str) -> None:
    assert wrong in (checks.plain(only(text)) or "nothing wrong")


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        ("```sh\ncurl -d 'never closed\n```\n", "left open"),
        ("```sh\nprops load $DIR\n```\n", "a shell variable"),
        ("```\nprops load DIR\n```\n", "no language"),
    ],
)
def test_a_line_that_is_no_command_is_found(page: str, wrong: str) -> None:
    with pytest.raises(NotACommand, match=wrong):
        commands({"page.md": page})


def test_commands_are_found_wherever_they_stand() -> None:
    page = (
        "Ask `props doctor`, then `props\nmodels list`.\n\n```sh\n"
        'props load DIR \\\n  --json   # adds\nprops sql "SELECT 1\nFROM x"; gcloud info | grep x\n'
        'gcloud storage ls "$(terraform -chdir=infra output -raw model_bucket)"\n```\n\n'
        "| x | `props predict --dates D [--force]` |\n"
    )
    found = [(c.line, " ".join(c.argv), c.named) for c in commands({"page.md": page})]
    assert found == [
        (5, "props load data --json", False),
        (7, "props sql SELECT 1\nFROM x", False),
        (7, "gcloud info", False),
        (7, "grep x", False),
        (9, "terraform -chdir=infra output -raw model_bucket", False),
        (9, f"gcloud storage ls {'.'.join(['us-west2-docker', 'pkg', 'dev'])}/my-project/props", False),
        (1, "props doctor", True),
        (1, "props models list", True),
        (12, "props predict --dates 2025-03-20", False),
        (12, "props predict --dates 2025-03-20 --force", False),
    ]


def asked(command: Command) -> str | None:
    """The question of ``props sql``, unless it stands for any."""
    question = command.argv[2] if command.argv[1:2] == ("sql",) and len(command.argv) > 2 else None
    return None if question is None or "..." in question else question


def unbounded(sql: str) -> list[str]:
    """Partitioned tables of a question that is not asked of some partitions."""
    named = {f"{t.db}.{t.name}" for t in sqlglot.parse_one(sql, read="bigquery").find_all(exp.Table)}
    where = [
        c.name
        for w in sqlglot.parse_one(sql, read="bigquery").find_all(exp.Where)
        for c in w.find_all(exp.Column)
    ]
    return [t.full_name for t in TABLES if t.full_name in named and t.partition and t.partition not in where]


def test_every_question_has_an_answer(tmp_path: Path) -> None:
    ask = ReadOnlySql(DuckDbWarehouse(tmp_path / "warehouse.duckdb"))
    questions = [sql for c in of("props") if (sql := asked(c))]
    assert len(questions) >= 4
    for sql in questions:
        assert ask(sql).num_columns, sql
        assert unbounded(sql) == [], sql
    with pytest.raises(Exception, match="no_such_column"):
        ask("SELECT no_such_column FROM nba_reference.nba_schedule")
    assert unbounded("SELECT game_id FROM nba_reference.nba_schedule") == ["nba_reference.nba_schedule"]


def test_every_alert_has_its_runbook_and_no_runbook_is_left_over() -> None:
    assert {p.stem for p in (ROOT / "docs/runbooks").glob("*.md")} == checks.alerts()


@pytest.mark.infra
def test_gcloud_understands_every_command(tmp_path: Path) -> None:
    tools.require("gcloud")
    asked = of("gcloud")
    mutants = [
        only("gcloud run services describe prediction-worker --region=us-west2 --no-such-flag"),
        only("gcloud run services no-such-command"),
        only("gcloud scheduler jobs run"),
        only('gcloud run revisions describe REVISION --region=us-west2 --format="text(spec)" --no-such-flag'),
    ]
    found = checks.gcloud_lint([*asked, *mutants], tmp_path)
    assert [f"{c}: {found[c]}" for c in asked if c in found] == []
    assert [c for c in mutants if c not in found] == []


@pytest.mark.infra
def test_terraform_understands_every_command() -> None:
    tools.require("terraform")
    assert [f"{c}: {wrong}" for c in of("terraform") if (wrong := checks.terraform_flags(c.argv[1:]))] == []
    assert (
        checks.terraform_flags(["-chdir=infra", "apply", "-no-such-flag"])
        == "terraform apply: no flag -no-such-flag"
    )
    assert checks.terraform_flags(["no-such-command"]) == "terraform: no command 'no-such-command'"
