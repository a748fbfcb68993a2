"""Which player a name means, among the players of two rosters; never a guess (ADR 0026)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.players.names import player_lookup

SUFFIXES = ("jr", "sr", "ii", "iii", "iv")
_NOT_A_LETTER = re.compile(r"[^a-z]")


@dataclass(frozen=True)
class RosterPlayer:
    """A player of one of a game's two rosters. ``base``: the lookup without Jr, Sr, II, III or IV."""

    player_id: int
    lookup: str
    base: str
    team: str


@dataclass(frozen=True)
class Match:
    """The player that a name means. ``player_id`` is None where there is none, or several."""

    player_id: int | None
    is_ambiguous: bool = False


NO_MATCH = Match(None)
AMBIGUOUS = Match(None, is_ambiguous=True)


def match_name(lookup: str, team: str | None, players: Iterable[RosterPlayer]) -> Match:
    """Return the player whose name is ``lookup``, by ``team`` where several have it.

    Without an exact match a name with a suffix matches the same name without one, and the other way
    round, where that is one player only; Jr and Sr are two people.
    """
    everybody = list(players)
    exact = {(p.player_id, p.team) for p in everybody if p.lookup == lookup}
    if exact:
        return _one(exact, team)
    spelled = {p for p in everybody if lookup == p.base or lookup in _with_suffix(p)}
    ids = {p.player_id for p in spelled}
    return Match(ids.pop()) if len(ids) == 1 else AMBIGUOUS if ids else NO_MATCH


def _one(found: set[tuple[int, str]], team: str | None) -> Match:
    ids = {i for i, _ in found}
    if len(ids) > 1:
        ids = {i for i, t in found if t == team}
    return Match(ids.pop()) if len(ids) == 1 else AMBIGUOUS


def _with_suffix(player: RosterPlayer) -> tuple[str, ...]:
    """Spellings with a suffix of a player whose name has none."""
    return tuple(player.base + s for s in SUFFIXES) if player.base == player.lookup else ()


def roster_player(player_id: int, name: str, team: str) -> RosterPlayer:
    words = name.replace(",", " ").split()
    has_suffix = len(words) > 1 and _NOT_A_LETTER.sub("", words[-1].lower()) in SUFFIXES
    lookup = player_lookup(name)
    return RosterPlayer(
        player_id, lookup, player_lookup(" ".join(words[:-1])) if has_suffix else lookup, team
    )


def id_of_name(lookup: str) -> int:
    """A stable negative id for a player whose id is unknown; exact in JSON's numbers."""
    return -1 - int(hashlib.sha256(lookup.encode()).hexdigest()[:12], 16)
