"""Names and codes of teams by season."""

from __future__ import annotations

import pytest

from shared.domain.team_names import season_start, team_candidates, team_name

NOW = [
    "ATL",
    "BKN",
    "BOS",
    "CHA",
    "CHI",
    "CLE",
    "DAL",
    "DEN",
    "DET",
    "GSW",
    "HOU",
    "IND",
    "LAC",
    "LAL",
    "MEM",
    "MIA",
    "MIL",
    "MIN",
    "NOP",
    "NYK",
    "OKC",
    "ORL",
    "PHI",
    "PHX",
    "POR",
    "SAC",
    "SAS",
    "TOR",
    "UTA",
    "WAS",
]


@pytest.mark.parametrize(
    ("text", "season", "codes"),
    [
        ("Cleveland Cavaliers", 2024, ("CLE",)),
        ("LA Clippers", 2024, ("LAC",)),
        ("LOS ANGELES CLIPPERS", 2018, ("LAC",)),
        ("PORTLAND TRAIL BLAZERS", 2017, ("POR",)),
        ("Trail Blazers", None, ("POR",)),
        ("gs ", 2024, ("GSW",)),
        ("BRK", 2024, ("BKN",)),
        ("utah", 2024, ("UTA",)),
        ("la ", 2024, ("LAC", "LAL")),
        ("New Orleans Hornets", 2010, ("NOH",)),
        ("Charlotte Hornets", 1995, ("CHH",)),
        ("Charlotte Hornets", 2024, ("CHA",)),
        ("New Jersey Nets", 2011, ("NJN",)),
        ("New Jersey Nets", 2012, ()),
        ("Seattle SuperSonics", None, ()),
        ("Minnesota Lynx", 2024, ()),
        ("", 2024, ()),
    ],
)
def test_a_name_gives_the_codes_of_its_season(text: str, season: int | None, codes: tuple[str, ...]) -> None:
    assert team_candidates(text, season) == codes


def test_each_of_the_thirty_codes_means_itself_in_every_season_since_the_last_move() -> None:
    for season in (None, *range(2014, 2027)):
        assert [team_candidates(code, season) for code in NOW] == [(code,) for code in NOW]


@pytest.mark.parametrize(("year", "month", "start"), [(2024, 10, 2024), (2025, 6, 2024), (2025, 8, 2025)])
def test_a_season_is_named_by_the_year_in_which_it_began(year: int, month: int, start: int) -> None:
    assert season_start(year, month) == start


def test_each_of_the_thirty_codes_has_a_name_that_means_it() -> None:
    assert [team_candidates(team_name(code)) for code in NOW] == [(code,) for code in NOW]
    assert team_name("CHA") == "Charlotte Hornets"
