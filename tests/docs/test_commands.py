"""What the pages tell people to type runs, page by page, and ends as it should."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from docs_tools.transcripts import TIMEOUT_SECONDS, plain_environment
from shared.application.backfill.prediction_backfill import BackfillOptions
from shared.embedded.sample_league import AFTER_GAMES
from shared.ports import Statement
from tests.application.worlds import Jobs
from tests.conftest import DAY, made_once
from tests.docs.typed import ENDS, LEFT_OUT, Typed, typed
from tests.graded import NINE, trained
from tests.infra.commands import ROOT, VALUES
from tests.programs import run_program

TODAY = DAY + timedelta(days=1)
ALL = typed()
PAGES = list(dict.fromkeys(t.command.page for t in ALL if not t.elsewhere))


@pytest.fixture(scope="session")
def world(
    graded_folder: Path,
    results_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Path:
    """A clone in which much has happened: a graded fortnight, a predicted today, a model for every system."""
    return made_once(
        "typed", lambda folder: _fill(folder, graded_folder, results_folder), tmp_path_factory, request
    )


def _fill(folder: Path, graded_folder: Path, results_folder: Path) -> None:
    shutil.copytree(graded_folder, folder / ".props")
    shutil.copytree(results_folder, folder / VALUES["DIR"])
    jobs = Jobs(folder / ".props", {}, AFTER_GAMES)
    for system in ("catboost_v8", "catboost_v9_2026_02"):
        trained(jobs, system, system, 40)
    jobs.build(TODAY, TODAY)
    jobs.predictions([TODAY], BackfillOptions())
    for part in ("bin", "backfill_jobs", "infra"):
        (folder / part).symlink_to(ROOT / part)
    (folder / ".gitignore").write_text("*\n")
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run([*git, "init", "--quiet"], cwd=folder, check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "all there is"], cwd=folder, check=True)


@pytest.fixture(scope="session")
def names(world: Path) -> dict[str, str]:
    """What stands in the world for the words in capitals that name something in it."""
    jobs = Jobs(world / ".props", {}, AFTER_GAMES)
    model = jobs.registry.find("spring")
    return {
        VALUES["MODEL_PATH"]: model["path"],
        VALUES["MODEL"]: model["model_id"],
        VALUES["RUN_ID"]: one(jobs, "run_id", "is_active"),
        VALUES["PLAYER_ID"]: one(jobs, "player_id", "is_active"),
        VALUES["PREDICTION_ID"]: one(jobs, "prediction_id", f"is_active AND system_id = '{NINE}'"),
    }


def one(world: Jobs, column: str, where: str) -> str:
    sql = f"SELECT {column} FROM nba_predictions.player_prop_predictions WHERE game_date = @d AND {where} LIMIT 1"
    (row,) = world.warehouse.query(Statement(sql, {"d": DAY})).to_pylist()
    return str(row[column])


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_tells_to_type_ends_as_it_should(
    page: str, world: Path, names: Mapping[str, str], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(world, tmp_path / "clone", symlinks=True))
    asked = [t for t in ALL if t.command.page == page and not t.elsewhere]
    found = [told for t in asked if (told := wrong(t, names, folder))]
    assert not found, "\n\n".join(found)


def wrong(typed: Typed, names: Mapping[str, str], folder: Path) -> str:
    """Nothing, or what happened instead of what should."""
    words = typed.command.argv
    for told, there in names.items() if not words[0].startswith("./bin/") else ():
        words = tuple(w.replace(told, there) for w in words)
    environment = plain_environment() | {
        "PROPS_NOW": AFTER_GAMES.isoformat(),
        "PYTHONPATH": str(ROOT),
        "CLOUDSDK_CONFIG": str(folder),
    }
    program, *arguments = (words[0].removeprefix(".venv/bin/"), *words[1:])
    if program == "python" and arguments[0].endswith(".py"):
        program = arguments.pop(0).removesuffix(".py").replace("/", ".")
    if program == "props" or program.startswith("backfill_jobs."):
        module = "backfill_jobs.cli.main" if program == "props" else program
        ended = run_program(module, arguments, environment, folder, seconds=TIMEOUT_SECONDS)
    else:
        ended = subprocess.run(
            [program, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    printed = ended.stdout + ended.stderr
    wanted = next((code for pattern, (code, _) in ENDS.items() if fnmatchcase(typed.text, pattern)), 0)
    if ended.returncode == wanted and "Traceback" not in printed:
        return ""
    return f"{typed.command}: ended with {ended.returncode}, expected {wanted}:\n{printed[-1500:]}"


def test_every_command_runs_somewhere_or_says_why_not() -> None:
    ours = ("props", "python", "./bin/deploy-service.sh")
    assert [str(t.command) for t in ALL if not t.elsewhere and t.text.split()[0] not in ours] == []
    assert [pattern for pattern in LEFT_OUT if not any(fnmatchcase(t.text, pattern) for t in ALL)] == []
    ran = [t.text for t in ALL if not t.elsewhere]
    assert [pattern for pattern in ENDS if not any(fnmatchcase(text, pattern) for text in ran)] == []
    assert len(set(ran)) > 50
    assert {t.text.split()[1] for t in ALL if t.text.startswith("props ")} >= {"predict", "grade", "models"}


def test_a_command_that_others_build_on_runs_on_each_of_its_pages() -> None:
    told = {t.command.page: t for t in ALL if t.text == f"props load {VALUES['DIR']}"}
    assert (told["README.md"].elsewhere, told["docs/reference/cli.md"].elsewhere) == ("", "")
    assert told["docs/how-to/backfill-a-date.md"].elsewhere
