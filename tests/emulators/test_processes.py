"""The harness itself, on processes that need no installation."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.emulators import processes
from tests.emulators.fixtures import require
from tests.emulators.processes import Server, environment, free_ports, missing, running
from tests.emulators.rewrites import rewrite

SERVE = "import http.server, sys; http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind='127.0.0.1')"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SERVE}"


def server(folder: Path, code: str) -> Server:
    (port,) = free_ports(1)
    return Server("tried", folder, port, [sys.executable, "-c", code, str(port)])


def alive(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("code", [SERVE, STUBBORN])
def test_a_server_is_there_within_the_block_and_gone_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.5)
    with running(server(tmp_path, code)) as up:
        assert alive(up.pid)
    assert not alive(up.pid)


def test_a_server_that_is_killed_comes_back_at_its_address(tmp_path: Path) -> None:
    with running(server(tmp_path, SERVE)) as up:
        first, address = up.pid, up.address
        up.kill()
        assert not alive(first)
        up.restart()
        assert (up.address, up.pid != first, alive(up.pid)) == (address, True, True)


def test_a_server_that_ends_while_it_starts_shows_its_log(tmp_path: Path) -> None:
    broken = server(tmp_path, "import sys; print('no disk', flush=True); sys.exit(3)")
    with pytest.raises(RuntimeError, match=r"tried ended with 3:\nno disk"), running(broken):
        pass


def test_a_server_that_never_answers_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "START_SECONDS", 0.3)
    silent = server(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(RuntimeError, match="not ready"), running(silent):
        pass
    assert not alive(silent.pid)


@pytest.mark.parametrize("name", ["pubsub", "firestore"])
def test_what_is_missing_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    variable = f"{name.upper()}_EMULATOR_JAR"
    monkeypatch.setenv(variable, str(tmp_path / "absent.jar"))
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/java")
    assert variable in str(missing(name))
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "install a Java runtime" in str(missing(name))


def test_what_is_missing_skips_a_test_and_fails_it_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "installed", lambda: False)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="run make emulators"):
        require("bigquery")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="run make emulators"):
        require("bigquery")


def test_the_environment_leads_each_client_to_its_server(tmp_path: Path) -> None:
    one = server(tmp_path, SERVE)
    assert environment(storage=one, pubsub=one, firestore=one) == {
        "STORAGE_EMULATOR_HOST": f"http://{one.address}",
        "PUBSUB_EMULATOR_HOST": one.address,
        "FIRESTORE_EMULATOR_HOST": one.address,
    }


def test_another_version_is_not_rewritten(tmp_path: Path) -> None:
    for name in ("catalog/metadata.py", "engine/results.py", "jobs/merge.py", "errors.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("import time\n")
    with pytest.raises(ValueError, match=r"not that of local-bigquery 0\.4\.0"):
        rewrite(tmp_path)
    assert {p.read_text() for p in tmp_path.rglob("*.py")} == {"import time\n"}
