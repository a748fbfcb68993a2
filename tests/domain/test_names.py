from __future__ import annotations

from datetime import date

from shared.domain.names import game_id, player_lookup


def test_a_lookup_has_no_accents_case_or_marks() -> None:
    assert player_lookup("LeBron James") == "lebronjames"
    assert player_lookup("Nikola Jokić") == "nikolajokic"
    assert player_lookup("De'Aaron Fox") == player_lookup("de aaron FOX") == "deaaronfox"
    assert player_lookup("Jabari Smith Jr.") != player_lookup("Jabari Smith")


def test_a_game_id_names_date_away_and_home() -> None:
    assert game_id(date(2025, 3, 19), "BOS", "NYK") == "20250319_BOS_NYK"
