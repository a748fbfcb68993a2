from __future__ import annotations

import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.players.names import game_id, player_lookup, search_key


def test_a_lookup_has_no_accents_case_or_marks() -> None:
    assert player_lookup("LeBron James") == "lebronjames"
    assert player_lookup("Nikola Jokić") == "nikolajokic"
    assert player_lookup("De'Aaron Fox") == player_lookup("de aaron FOX") == "deaaronfox"
    assert player_lookup("Jabari Smith Jr.") != player_lookup("Jabari Smith")


def test_a_game_id_names_date_away_and_home() -> None:
    assert game_id(date(2025, 3, 19), "BOS", "NYK") == "20250319_BOS_NYK"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Aron Aşık", "aronasik"),
        ("Marko Đurišić", "markodurisic"),
        ("Łukasz Wójcik", "lukaszwojcik"),
        ("Jörg Weiß", "jorgweiss"),
        ("Søren Åby", "sorenaby"),
        ("Þór Æsir", "thoraesir"),
        ("Егор Дёмин", "egordemin"),
        ("თორნიკე შენგელია", "tornikeshengelia"),
        ("姚明", "yaoming"),
        ("Γιάννης", "giannis"),
    ],
)
def test_letters_without_an_ascii_base_are_transliterated(name: str, key: str) -> None:
    assert player_lookup(name) == key
    assert player_lookup(unicodedata.normalize("NFD", name)) == key


LATIN = [
    c
    for c in map(chr, range(0x20, 0x250))
    if unicodedata.category(c)[0] not in "LN" or unicodedata.normalize("NFKD", c).encode("ascii", "ignore")
]


@given(st.text(st.sampled_from(LATIN), min_size=1))
def test_a_name_that_decomposes_to_ascii_keeps_the_key_of_before(name: str) -> None:
    before = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    before = re.sub("[^a-z0-9]", "", before)
    assert search_key(name) == before


@given(st.text(min_size=1))
def test_a_key_is_never_empty(name: str) -> None:
    if search_key(name):
        assert re.fullmatch("[a-z0-9]+", player_lookup(name))
    else:
        with pytest.raises(ValueError, match="has no letter or digit"):
            player_lookup(name)


def test_a_name_without_a_letter_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'\.\.\.' has no letter"):
        player_lookup("...")
    assert search_key("...") == ""
