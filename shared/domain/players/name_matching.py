"""Match a name to a player of two rosters, without guesses (ADR 0026)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.players.names import player_lookup, search_key

SUFFIXES = ("jr", "sr", "ii", "iii", "iv")
_NOT_A_LETTER = re.compile(r"[^a-z]")


@dataclass(frozen=True)
class RosterPlayer:
    """A player of one of a game's two rosters. ``base``: the lookup without Jr, Sr, II, III or IV."""

    player_id: int
    lookup: str
    base: str
    team: str
    name: str = ""

    @property
    def last_name(self) -> str:
        """The last word of the name without a suffix, as ``player_lookup`` spells it."""
        words, has_suffix = _words(self.name)
        return search_key(words[-2 if has_suffix else -1]) if words else ""


@dataclass(frozen=True)
class Match:
    """The player that a name means. ``player_id`` is None for no player or several players."""

    player_id: int | None
    is_ambiguous: bool = False


NO_MATCH = Match(None)
AMBIGUOUS = Match(None, is_ambiguous=True)


def match_name(lookup: str, team: str | None, players: Iterable[RosterPlayer]) -> Match:
    """Return the player named ``lookup``; ``team`` decides between several.

    Without an exact match, a name with a suffix matches the same name without one, and vice versa, if only
    one player qualifies. Jr never matches Sr.
    """
    candidates = list(players)
    exact = {(p.player_id, p.team) for p in candidates if p.lookup == lookup}
    if exact:
        return _match_by_team(exact, team)
    without_suffix = {p for p in candidates if lookup == p.base or lookup in _with_suffix(p)}
    ids = {p.player_id for p in without_suffix}
    return Match(ids.pop()) if len(ids) == 1 else AMBIGUOUS if ids else NO_MATCH


def _match_by_team(matches: set[tuple[int, str]], team: str | None) -> Match:
    ids = {i for i, _ in matches}
    if len(ids) > 1:
        ids = {i for i, t in matches if t == team}
    return Match(ids.pop()) if len(ids) == 1 else AMBIGUOUS


def _with_suffix(player: RosterPlayer) -> tuple[str, ...]:
    """Return the spellings with a suffix of a name without one."""
    return tuple(player.base + s for s in SUFFIXES) if player.base == player.lookup else ()


def has_last_name(lookup: str, player: RosterPlayer) -> bool:
    """Whether a spelling, with or without a suffix, ends in the player's last name."""
    last_name = player.last_name
    return bool(last_name) and any(lookup.removesuffix(s).endswith(last_name) for s in ("", *SUFFIXES))


def roster_player(player_id: int, name: str, team: str) -> RosterPlayer:
    words, has_suffix = _words(name)
    lookup = player_lookup(name)
    base = player_lookup(" ".join(words[:-1])) if has_suffix else lookup
    return RosterPlayer(player_id, lookup, base, team, name)


def _words(name: str) -> tuple[list[str], bool]:
    """Return the words of a name, and whether the last one is a suffix."""
    words = name.replace(",", " ").split()
    return words, len(words) > 1 and _NOT_A_LETTER.sub("", words[-1].lower()) in SUFFIXES


def id_of_name(lookup: str) -> int:
    """Return a stable negative id for a player without an id; a JSON number holds it exactly."""
    return -1 - int(hashlib.sha256(lookup.encode()).hexdigest()[:12], 16)
