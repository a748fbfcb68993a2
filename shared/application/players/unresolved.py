"""Names that no player was found for, with the players that they may mean."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow.compute as pc

from shared.application.players.directory import ListedPlayer, PlayerDirectory
from shared.application.players.rosters import Rosters, stored_box_scores
from shared.application.queries.shared_connection import shared_connection
from shared.domain.players.name_matching import has_last_name
from shared.domain.players.names import player_lookup
from shared.ports import Warehouse
from shared.warehouse.statements import query_rows

LAST_NAME, OWN_NAME = "last name, in the rosters", "same name, in no roster"


@dataclass(frozen=True)
class PlayerCandidate:
    """A player that a name may mean, for a person to judge. ``reason``: what speaks for it."""

    player_id: int
    player_name: str
    team: str | None
    reason: str


@dataclass(frozen=True)
class UnresolvedName:
    """A spelling of a source without a player, and its stored rows. ``teams``: those of the games.

    ``source`` is empty for injury reports, which have none. ``command`` settles the name, with an id in place
    of PLAYER_ID.
    """

    source: str
    player_lookup: str
    quotes: int
    injury_reports: int
    box_scores: int
    first_game_date: date
    last_game_date: date
    teams: tuple[str, ...]
    candidates: tuple[PlayerCandidate, ...]
    command: str

    @property
    def rows(self) -> int:
        return self.quotes + self.injury_reports + self.box_scores

    @property
    def commands(self) -> tuple[str, ...]:
        """One command for each candidate; without one, the command to complete."""
        ids = [str(c.player_id) for c in self.candidates]
        return tuple(self.command.replace("PLAYER_ID", i) for i in ids) or (self.command,)


class UnresolvedNames:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    @shared_connection
    def __call__(self, first: date, last: date) -> list[UnresolvedName]:
        """Return the names of the game dates ``first`` to ``last``, those with the most rows first."""
        rows = query_rows(self._warehouse, "unresolved_names", first=first, last=last)
        if not rows:
            return []
        days = [r["game_date"] for r in rows]
        candidates = _Candidates(self._warehouse, min(days), max(days))
        groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            groups[row["source"], row["player_lookup"]].append(row)
        names = [_name(source, lookup, group, candidates) for (source, lookup), group in groups.items()]
        return sorted(names, key=lambda n: (-n.rows, n.player_lookup, n.source))


def _name(
    source: str, lookup: str, rows: Sequence[dict[str, Any]], candidates: _Candidates
) -> UnresolvedName:
    counts = dict.fromkeys(("quotes", "injury_reports", "box_scores"), 0)
    for row in rows:
        counts[row["kind"]] += row["row_count"]
    days = [r["game_date"] for r in rows]
    games = {(r["game_date"], *teams_of(r["game_id"])) for r in rows}
    needs_source = candidates.is_own_name(lookup) and source
    command = f"props players alias add {lookup} --player-id PLAYER_ID"
    return UnresolvedName(
        source=source,
        player_lookup=lookup,
        first_game_date=min(days),
        last_game_date=max(days),
        teams=tuple(sorted({team for _, *teams in games for team in teams})),
        candidates=candidates.of(lookup, games),
        command=f"{command} --source {shlex.quote(source)}" if needs_source else command,
        **counts,
    )


class _Candidates:
    """Players of the rosters of some dates, and of the directory."""

    def __init__(self, warehouse: Warehouse, first: date, last: date) -> None:
        box_scores = stored_box_scores(warehouse, first, last)
        box_scores = box_scores.filter(pc.greater(box_scores["player_id"], 0))
        listed = PlayerDirectory(warehouse).players()
        self._rosters = Rosters(box_scores, listed)
        self._own_names = _players_by_name(box_scores.to_pylist(), listed)

    def is_own_name(self, lookup: str) -> bool:
        return lookup in self._own_names

    def of(self, lookup: str, games: Iterable[tuple[Any, ...]]) -> tuple[PlayerCandidate, ...]:
        """Return roster players with the last name, and players elsewhere with exactly the name."""
        found: dict[int, PlayerCandidate] = {}
        for day, *teams in sorted(games):
            for p in self._rosters.of_game(day, *teams):
                if has_last_name(lookup, p):
                    found[p.player_id] = PlayerCandidate(p.player_id, p.name, p.team, LAST_NAME)
        for player_id, (name, team) in self._own_names.get(lookup, {}).items():
            found.setdefault(player_id, PlayerCandidate(player_id, name, team, OWN_NAME))
        return tuple(sorted(found.values(), key=lambda c: (c.reason, c.player_name, c.player_id)))


def _players_by_name(
    box_scores: Iterable[dict[str, Any]], listed: Iterable[ListedPlayer]
) -> dict[str, dict[int, tuple[str, str | None]]]:
    """Return name and newest team of the players of each spelling, by id."""
    players: dict[str, dict[int, tuple[str, str | None]]] = defaultdict(dict)
    for row in box_scores:  # in order of game date
        players[player_lookup(row["player_name"])][row["player_id"]] = row["player_name"], row["team_abbr"]
    for p in listed:
        players[p.lookup].setdefault(p.player_id, (p.name, p.team))
    return dict(players)


def teams_of(game_id: str) -> tuple[str, str]:
    """Return the home and the away team of a game id."""
    _, away, home = game_id.split("_")
    return home, away
