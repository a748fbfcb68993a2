"""Team codes of other sources than NBA.com."""

from __future__ import annotations

LIKELY = {
    "PHO": "PHX", "BRK": "BKN", "BK": "BKN", "CHO": "CHA", "GS": "GSW", "NO": "NOP", "NOR": "NOP",
    "NOH": "NOP", "NOK": "NOP", "UTAH": "UTA", "UTH": "UTA", "WSH": "WAS", "SA": "SAS", "SAN": "SAS",
    "NY": "NYK", "NYN": "NYK", "PHL": "PHI", "NJ": "BKN", "NJN": "BKN", "CHH": "CHA", "LA": "LAL",
    "LAK": "LAL", "GOL": "GSW", "VAN": "MEM", "SEA": "OKC", "OKL": "OKC",
}  # fmt: skip
"""The team that a code most likely means; a code is replaced only if a game confirms it."""

SPELLINGS = {
    "PHO": "PHX", "BRK": "BKN", "CHO": "CHA", "GS": "GSW", "NO": "NOP", "UTAH": "UTA", "UTH": "UTA",
    "WSH": "WAS", "SA": "SAS", "NY": "NYK", "PHL": "PHI",
}  # fmt: skip
"""Codes that always mean the same team as another code: a season cannot have both."""
