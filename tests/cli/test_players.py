"""``props players``: names without a player, aliases, the directory."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from backfill_jobs.cli.framework import run
from backfill_jobs.cli.main import app
from tests.application import small_folder as small
from tests.application.small_folder import NOW
from tests.docs.json_commands import checked

STATIC = "nba_api.stats.static.players"


@pytest.fixture
def props(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """A command of this process; its exit code and output."""
    for name, value in {"PROPS_HOME": str(tmp_path / "home"), "PROPS_NOW": NOW.isoformat()}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["props", *arguments])
        code = run(app, "props")
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return call


@pytest.fixture
def folder(tmp_path: Path) -> str:
    names = {"player_id": None, "player_name": "B. Bo"}
    return str(small.write(tmp_path / "in", small.files() | {"prop_lines": [small.quote(**names)]}))


def shown(props: Any, command: str, *arguments: str, code: int = 0) -> Any:
    ended, text = props(*command.split()[1:], *arguments, "--json")
    assert ended == code, text
    return checked(command, text)


def test_an_operator_settles_a_name(props: Any, folder: str) -> None:
    assert props("load", folder)[0] == 1
    code, table = props("players", "unresolved")
    assert code == 0
    assert "Ben Bo 2" in table
    (name,) = shown(props, "props players unresolved")["names"]
    assert (name["player_lookup"], name["quotes"], name["source"]) == ("bbo", 1, "s")
    assert shown(props, "props players unresolved", "--since", "2025-03-20")["names"] == []
    added = shown(props, "props players alias add", "B. Bo", "--player-id", "2", "--from", "2025-03-01")
    assert (added["is_new"], added["alias"]["alias"], added["alias"]["valid_from"]) == (
        True,
        "bbo",
        "2025-03-01",
    )
    code, text = props("players", "alias", "add", "bbo", "--player-id", "2", "--from", "2025-03-01")
    assert (code, text) == (0, "name bbo = 2 from 2025-03-01 is stored already\n")
    assert props("load", folder)[0] == 0
    assert props("players", "unresolved") == (0, "every name has a player\n")


def test_aliases_are_listed_and_ended_yesterday(props: Any, folder: str) -> None:
    props("load", folder)
    shown(props, "props players alias add", "77", "--id", "--source", "espn", "--player-id", "2")
    assert "every source" not in props("players", "alias", "list")[1]
    assert shown(props, "props players alias list", "--source", "other")["aliases"] == []
    (ended,) = shown(props, "props players alias end", "77", "--id", "--source", "espn")["ended"]
    assert ended["valid_to"] == "2025-03-18"
    (listed,) = shown(props, "props players alias list", "--source", "espn")["aliases"]
    assert listed == ended
    code, text = props("players", "alias", "end", "77", "--id", "--source", "espn")
    assert code == 1
    assert "no alias counts after 2025-03-18" in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("x", "--player-id", "5"), 1, "player 5 is unknown, expected"),
        (("?", "--player-id", "2"), 64, "no letter or digit, expected a spelling"),
        (("x", "--player-id", "0"), 64, "--player-id"),
        (("7", "--id", "--player-id", "2"), 1, "expected --source"),
    ],
)
def test_an_alias_that_cannot_be_is_refused(
    props: Any, folder: str, arguments: tuple[str, ...], code: int, words: str
) -> None:
    props("load", folder)
    ended, text = props("players", "alias", "add", *arguments)
    assert (ended, words in text) == (code, True), text


def test_the_list_of_nba_api_is_loaded_and_checked(props: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    static = ModuleType(STATIC)
    static.get_players = lambda: [{"id": 1, "full_name": "Aron Aşık"}, {"id": 2, "full_name": "Ben Bo"}]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, STATIC, static)
    assert shown(props, "props players load-static") == {"read": 2, "changed": 2}
    assert shown(props, "props players load-static") == {"read": 2, "changed": 0}
    found = shown(props, "props players check")
    assert (found["players"], found["without_season"], found["shared_identities"]) == (2, 2, [])
    assert "2 players in the directory" in props("players", "check")[1]
    static.get_players = lambda: [{"person_id": 1}]  # type: ignore[attr-defined]
    code, text = props("players", "load-static")
    assert (code, "has 'id', expected id and full_name" in text) == (1, True)


def test_the_list_as_installed_has_ids_and_names(props: Any) -> None:
    pytest.importorskip("nba_api")
    assert shown(props, "props players load-static")["read"] > 5000


def test_without_the_package_the_command_names_the_extra(props: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, STATIC, None)
    code, text = props("players", "load-static")
    assert code == 1
    assert "pip install 'nba-props[feeds]'" in text


def test_the_check_ends_with_1_if_two_players_have_one_identity(props: Any) -> None:
    import pyarrow as pa

    from backfill_jobs.cli.framework import connect_backend
    from shared.application.players.directory import PlayerDirectory

    rows = pa.table(
        {
            "player_id": [8, 9],
            "player_name": ["Al Bo"] * 2,
            "first_season": [2020, 2021],
            "last_season": [2024] * 2,
        }
    )
    PlayerDirectory(connect_backend().warehouse).write(rows, "list", NOW)
    assert shown(props, "props players check", code=1)["shared_identities"] == [
        {"player_lookup": "albo", "player_ids": [8, 9]}
    ]
    assert "albo: 8, 9" in props("players", "check")[1]
