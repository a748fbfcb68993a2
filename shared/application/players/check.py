"""Checks of the directory and of the aliases: players that share an identity, aliases that lead nowhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from shared.application.players.aliases import NAME, Alias, PlayerAliases
from shared.application.players.directory import ListedPlayer, PlayerDirectory
from shared.ports import Warehouse


@dataclass(frozen=True)
class SharedIdentity:
    """A spelling that several players of one season have."""

    player_lookup: str
    player_ids: tuple[int, ...]


@dataclass(frozen=True)
class PlayersCheck:
    """``shared_names``: spellings of several players, in any season. ``shared_identities``: in one season.

    ``unknown_players``: aliases whose player is neither in the directory nor in a box score. ``conflicts``:
    pairs of aliases that give one spelling or id to two players on one date.
    """

    players: int
    without_season: int
    shared_names: int
    shared_identities: tuple[SharedIdentity, ...]
    name_aliases: int
    id_aliases: int
    ended_aliases: int
    unknown_players: tuple[str, ...]
    conflicts: tuple[str, ...]

    @property
    def has_findings(self) -> bool:
        return bool(self.shared_identities or self.conflicts)


class CheckPlayers:
    def __init__(self, warehouse: Warehouse) -> None:
        self._directory, self._aliases = PlayerDirectory(warehouse), PlayerAliases(warehouse)

    def __call__(self) -> PlayersCheck:
        players, aliases = self._directory.players(), self._aliases.all()
        valid = [a for a in aliases if not a.is_void]
        known = self._directory.known_ids([a.player_id for a in valid])
        by_name: dict[str, list[ListedPlayer]] = defaultdict(list)
        for p in players:
            by_name[p.lookup].append(p)
        shared = {lookup: same for lookup, same in by_name.items() if len(same) > 1}
        return PlayersCheck(
            players=len(players),
            without_season=sum(p.first_season is None or p.last_season is None for p in players),
            shared_names=len(shared),
            shared_identities=tuple(_shared_identities(shared)),
            name_aliases=sum(a.kind == NAME for a in aliases),
            id_aliases=sum(a.kind != NAME for a in aliases),
            ended_aliases=sum(a.valid_to is not None for a in aliases),
            unknown_players=tuple(str(a) for a in valid if a.player_id not in known),
            conflicts=tuple(_conflicts(valid)),
        )


def _shared_identities(shared: dict[str, list[ListedPlayer]]) -> Iterator[SharedIdentity]:
    for lookup, players in sorted(shared.items()):
        pairs = [pair for pair in combinations(players, 2) if _play_together(*pair)]
        if pairs:
            yield SharedIdentity(lookup, tuple(sorted({p.player_id for pair in pairs for p in pair})))


def _play_together(a: ListedPlayer, b: ListedPlayer) -> bool:
    """Whether two players have a season in common; False if the seasons of one are unknown."""
    if None in (a.first_season, a.last_season, b.first_season, b.last_season):
        return False
    return max(a.first_season or 0, b.first_season or 0) <= min(a.last_season or 0, b.last_season or 0)


def _conflicts(aliases: Sequence[Alias]) -> Iterator[str]:
    same: dict[tuple[str, str, str], list[Alias]] = defaultdict(list)
    for a in aliases:
        same[a.source, a.kind, a.alias].append(a)
    for group in same.values():
        for a, b in combinations(group, 2):
            if a.player_id != b.player_id and a.overlaps(b):
                yield f"{a} and {b}"
