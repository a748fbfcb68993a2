"""NBA.com's ids of the thirty teams."""

from __future__ import annotations

_CODES = (
    "ATL", "BOS", "CLE", "NOP", "CHI", "DAL", "DEN", "GSW", "HOU", "LAC", "LAL", "MIA", "MIL", "MIN", "BKN",
    "NYK", "ORL", "IND", "PHI", "PHX", "POR", "SAC", "SAS", "OKC", "TOR", "UTA", "MEM", "WAS", "DET", "CHA",
)  # fmt: skip
TEAM_CODES = dict(enumerate(_CODES, 1610612737))
"""The present code of each id; a franchise keeps its id when it moves."""
