"""A service imports what its image holds, and no more: it starts in the time that this takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

TOOLS = ("aiohttp", "matplotlib", "plotly", "rich", "typer")
MODELS = ("catboost", "pandas", "scipy")

IMPORT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in sys.argv[2:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
__import__(sys.argv[1] + ".app")
__import__(sys.argv[1] + ".main")
print(*[name for name in sys.argv[2:] if name in sys.modules])
"""


def imported_without(service: str, *absent: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", IMPORT, service, *absent], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "absent"),
    [
        ("services.prediction_coordinator", (*TOOLS, *MODELS)),
        ("services.prediction_worker", (*TOOLS, *MODELS, "jinja2")),
    ],
)
def test_a_service_is_imported_without_what_others_need(service: str, absent: tuple[str, ...]) -> None:
    ended = imported_without(service, *absent)
    assert (ended.returncode, ended.stdout.strip()) == (0, ""), ended.stderr


def test_what_a_service_does_need_is_noticed() -> None:
    ended = imported_without("services.prediction_worker", "pyarrow")
    assert ended.returncode == 1
    assert "No module named 'pyarrow'" in ended.stderr


COLLECTOR = """
import gc, importlib, runpy, sys, uvicorn
from shared.web.serving import serve

told = []
uvicorn.run = lambda *_, **__: told.append((gc.isenabled(), gc.get_freeze_count() > 0))

def main():
    told.append((gc.isenabled(), gc.get_freeze_count() > 0))
    serve(None, 0, "127.0.0.1")
    print(told)
    return 3

importlib.import_module(sys.argv[1] + ".main").main = main
runpy.run_module(sys.argv[1], run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.parametrize("service", ["services.prediction_coordinator", "services.prediction_worker"])
def test_the_collector_rests_until_a_service_serves_and_works_from_then_on(service: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", COLLECTOR, service], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout.strip()) == (3, "[(False, False), (True, True)]"), ended.stderr
