"""Aliases: spellings and ids of sources that mean a player, each for a span of game dates."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from shared.errors import Rejected
from shared.ports import Warehouse
from shared.schemas.reference import PLAYER_ALIASES
from shared.warehouse.row_versions import store_versions
from shared.warehouse.schedule import FIRST_DATE, LAST_DATE
from shared.warehouse.statements import query_rows

ID, NAME = "id", "name"


@dataclass(frozen=True)
class Alias:
    """``source``: empty for every source. ``valid_to``: the last game date, None without an end.

    An alias whose ``valid_to`` is before its ``valid_from`` never counts.
    """

    source: str
    kind: str
    alias: str
    player_id: int
    valid_from: date
    valid_to: date | None
    added_by: str
    added_at: datetime

    @property
    def key(self) -> tuple[str, str, str, date]:
        return self.source, self.kind, self.alias, self.valid_from

    def differs(self, other: Alias) -> bool:
        """Whether an alias of the same key names another player or ends on another date."""
        return (self.player_id, self.valid_to) != (other.player_id, other.valid_to)

    @property
    def last(self) -> date:
        return LAST_DATE if self.valid_to is None else self.valid_to

    @property
    def is_void(self) -> bool:
        return self.last < self.valid_from

    def counts_on(self, day: date) -> bool:
        return self.valid_from <= day <= self.last

    def overlaps(self, other: Alias) -> bool:
        """Whether both count on one game date, for the same source."""
        same = (self.source, self.kind, self.alias) == (other.source, other.kind, other.alias)
        return same and max(self.valid_from, other.valid_from) <= min(self.last, other.last)

    def __str__(self) -> str:
        what = f"{self.kind} {self.alias}" + (f" of {self.source}" if self.source else "")
        start = "" if self.valid_from == FIRST_DATE else f" from {self.valid_from}"
        return f"{what} = {self.player_id}{start}{f' to {self.valid_to}' if self.valid_to else ''}"


class KnownAliases:
    """Aliases by spelling and by id."""

    def __init__(self, aliases: Iterable[Alias] = ()) -> None:
        self._of: dict[tuple[str, str, str], list[Alias]] = {}
        self._named: dict[str, set[int]] = {}
        for alias in aliases:
            self._of.setdefault((alias.source, alias.kind, alias.alias), []).append(alias)
            if alias.kind == NAME:
                self._named.setdefault(alias.alias, set()).add(alias.player_id)

    def by_name(self, lookup: str, source: str, day: date) -> int | None:
        """Return the player of a spelling on a game date; an alias of the source before a general one."""
        own = self._find(source, NAME, lookup, day) if source else None
        return self._find("", NAME, lookup, day) if own is None else own

    def by_id(self, source: str, source_id: str, day: date) -> int | None:
        """Return the player of an id of a source on a game date."""
        return self._find(source, ID, source_id, day)

    def players_named(self, lookup: str) -> frozenset[int]:
        """Return the players that an alias with this spelling names or has named."""
        return frozenset(self._named.get(lookup, ()))

    def all_named(self) -> frozenset[int]:
        """Return the players of all spellings."""
        return frozenset().union(*self._named.values())

    def _find(self, source: str, kind: str, alias: str, day: date) -> int | None:
        matches = [a for a in self._of.get((source, kind, alias), ()) if a.counts_on(day)]
        if len({a.player_id for a in matches}) > 1:
            raise Rejected(f"aliases: {' and '.join(map(str, matches))} on {day}, expected one player")
        return matches[0].player_id if matches else None


class PlayerAliases:
    """The stored aliases. They are ended, never deleted."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def all(self) -> list[Alias]:
        """Return all aliases, ended ones included, by source, kind, alias and first date."""
        return [Alias(**row) for row in query_rows(self._warehouse, "player_aliases")]

    def write(self, aliases: Sequence[Alias], now: datetime) -> int:
        """Store aliases by key, earlier versions of changed rows first; return the number of changes."""
        if not aliases:
            return 0
        stored = {a.key: a for a in self.all()}
        replaced = [stored[a.key] for a in aliases if a.key in stored and stored[a.key].differs(a)]
        load_id = secrets.token_hex(6)
        versions = [vars(a) for a in replaced]
        store_versions(self._warehouse, PLAYER_ALIASES, versions, load_id, now, date_column="valid_from")
        rows = PLAYER_ALIASES.from_rows([vars(a) for a in aliases])
        return self._warehouse.upsert(PLAYER_ALIASES, rows, replace=True)

    def end(self, source: str, kind: str, alias: str, last: date, now: datetime) -> list[Alias]:
        """Set the last game date of an alias that has none, or a later one; return what changed.

        A date before its first one makes it count never. ``Rejected`` if no such alias is left to end.
        """
        same = [a for a in self.all() if (a.source, a.kind, a.alias) == (source, kind, alias)]
        ended = [replace(a, valid_to=last) for a in same if a.last > last and not a.is_void]
        if not ended:
            stored = "; ".join(map(str, same)) or "none is stored"
            of_source = f" of {source}" if source else ""
            raise Rejected(
                f"{kind} {alias}{of_source}: no alias counts after {last} ({stored}), expected one of "
                "props players alias list"
            )
        self.write(ended, now)
        return ended
