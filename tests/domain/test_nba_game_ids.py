"""NBA.com's game ids."""

from __future__ import annotations

import pytest

from shared.domain.nba_game_ids import kind_of, parse_game_id, season_of


@pytest.mark.parametrize(
    ("value", "game_id", "kind", "season"),
    [
        ("0022400974", "0022400974", "Regular Season", "2024-25"),
        (22400974, "0022400974", "Regular Season", "2024-25"),
        ("52300121", "0052300121", "Play-In", "2023-24"),
        ("62300001", "0062300001", "NBA Cup Final", "2023-24"),
        ("0042400407", "0042400407", "Playoffs", "2024-25"),
        ("0012400001", "0012400001", "Pre Season", "2024-25"),
        ("0032400001", "0032400001", "All-Star", "2024-25"),
        ("0029900001", "0029900001", "Regular Season", "1999-00"),
    ],
)
def test_an_id_states_kind_and_season(value: str | int, game_id: str, kind: str, season: str) -> None:
    parsed = parse_game_id(value)
    assert (parsed, kind_of(parsed), season_of(parsed)) == (game_id, kind, season)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1022500165", r"league 10 \(WNBA\), expected 00 \(NBA\)"),
        ("2022400001", r"league 20 \(G League\), expected"),
        ("0072400001", "kind 7, expected one of"),
        ("d9a1e6f0c2b34d5e8f7a6b5c4d3e2f10", "expected ten digits"),
        ("401584000", "expected ten digits"),
    ],
)
def test_another_id_is_refused(value: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse_game_id(value)
