"""Player ids of quotes, injury reports and box scores: the source's, by alias, or by name in two rosters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import reduce
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.application.ingestion.file_contracts import LOGS_FILE
from shared.application.ingestion.groups import groups_of
from shared.application.ingestion.problems import Note, Problem, raise_problems
from shared.application.ingestion.warehouse_tables import FILE_OF, Tables
from shared.application.players.aliases import KnownAliases, PlayerAliases
from shared.application.players.directory import ListedPlayer, PlayerDirectory
from shared.application.players.rosters import COLUMNS, Rosters, stored_box_scores
from shared.domain.findings import Severity
from shared.domain.players.name_matching import RosterPlayer, has_last_name, id_of_name, match_name
from shared.ports import Warehouse
from shared.schemas.reference import INJURY_REPORT, PLAYER_GAME_SUMMARY, PLAYER_POINTS_PROPS
from shared.schemas.table import Table
from shared.warehouse.history import date_span, with_column
from shared.warehouse.merge import rows_of_repeated_keys

PLAYER_TABLES = (PLAYER_GAME_SUMMARY.name, PLAYER_POINTS_PROPS.name, INJURY_REPORT.name)
"""Tables whose rows name a player."""

SOURCE, ALIAS, NAME, NONE = "source", "alias", "name", "none"


class Reference(NamedTuple):
    """The fields by which rows of a file name a player in a game."""

    game_id: str
    game_date: date
    player_id: int | None
    lookup: str
    team: str | None
    source: str


@dataclass(frozen=True)
class Resolution:
    """The player of a reference. ``how``: source, alias, name or none; ``reason``: why there is none."""

    player_id: int | None
    how: str
    reason: str = ""
    is_other_id: bool = False


UNKNOWN = Resolution(None, NONE, "no player of the two rosters has the name")
SEVERAL_PLAYERS = Resolution(None, NONE, "several players of the two rosters have the name")
CONTRADICTION = Resolution(None, NONE, "the id and the name are two players of the rosters")
OTHER_LAST_NAME = Resolution(
    None, NONE, "the player of the alias is in neither roster, and a player of the rosters has this last name"
)
NEW = "an id that no box score has under this name"


@dataclass(frozen=True)
class MatchedTables:
    """The tables with player ids, and notes on ids that are not the source's."""

    tables: tuple[tuple[Table, pa.Table], ...]
    notes: tuple[Note, ...] = ()
    aliases: KnownAliases = field(default_factory=KnownAliases)


def match_players(warehouse: Warehouse, tables: Tables, folder: object) -> MatchedTables:
    """Find the ids of all rows that name a player; raise ``Rejected`` for an ambiguous box score.

    The source's id is valid if a box score has it under the same name, in the store or in these tables, or if
    it is in one of the game's rosters. Otherwise an alias of the name decides, and without one the name
    itself, within the two rosters. The game's own box score counts as roster: a player's identity is no
    result of the game.
    """
    by_name = {t.name: rows for t, rows in tables}
    named = [by_name[name] for name in PLAYER_TABLES if name in by_name]
    days = [day for rows in named if rows.num_rows for day in date_span(rows)]
    if not days:
        return MatchedTables(tuple(tables))
    stored = stored_box_scores(warehouse, min(days), max(days))
    aliases = KnownAliases(PlayerAliases(warehouse).all())
    listed = [p for p in PlayerDirectory(warehouse).players() if p.team is not None]
    box, notes = _match_box_scores(by_name.get(PLAYER_GAME_SUMMARY.name), stored, listed, aliases, folder)
    rosters = Rosters(
        stored if box is None else pa.concat_tables([stored, box.select(COLUMNS).cast(stored.schema)]), listed
    )
    matched: list[tuple[Table, pa.Table]] = []
    for table, rows in tables:
        if table is PLAYER_GAME_SUMMARY and box is not None:
            rows = box
        elif table in (PLAYER_POINTS_PROPS, INJURY_REPORT):
            rows, table_notes = _match_rows(table, rows, rosters, aliases)
            _reject_repeated(folder, table, rows)
            notes += table_notes
        matched.append((table, rows))
    return MatchedTables(tuple(matched), tuple(notes), aliases)


def _match_rows(
    table: Table, rows: pa.Table, rosters: Rosters, aliases: KnownAliases
) -> tuple[pa.Table, list[Note]]:
    """Return quotes or injury reports with ids. A report without one gets the id of its name."""
    refs, at, counts = _references(rows)
    resolved = _resolve_all(refs, lambda n: _resolve(n, rosters, aliases))
    ids = [r.player_id for r in resolved]
    if table is INJURY_REPORT:
        ids = [id_of_name(n.lookup) if i is None else i for n, i in zip(refs, ids, strict=True)]
    how = [None if r.how == NONE and table is not INJURY_REPORT else r.how for r in resolved]
    matched = with_column(rows, "player_id", pa.array(ids, pa.int64()).take(at))
    matched = with_column(matched, "player_id_source", pa.array(how, pa.string()).take(at))
    return matched, _notes(FILE_OF[table.name], refs, resolved, counts)


def _reject_repeated(folder: object, table: Table, rows: pa.Table) -> None:
    """Reject two rows of one key: a report with two spellings of a player."""
    is_repeated = rows_of_repeated_keys(table.key, rows)
    if not pc.any(is_repeated).as_py():
        return
    row = pc.index(is_repeated, True).as_py()
    same = [pc.equal(rows[k], rows[k][row]) for k in table.key]
    count = pc.sum(reduce(pc.and_, same)).as_py()
    reason = f"is player {rows['player_id'][row].as_py()}, who is in another row of the same report"
    name = rows["player_lookup"][row].as_py()
    raise_problems(folder, [Problem(FILE_OF[table.name], reason, "player_name", row, name, count)])


def _match_box_scores(
    rows: pa.Table | None,
    stored: pa.Table,
    listed: Sequence[ListedPlayer],
    aliases: KnownAliases,
    folder: object,
) -> tuple[pa.Table | None, list[Note]]:
    """Return box scores with an id in each row: without a match, the id of the name."""
    if rows is None:
        return None, []
    refs, at, counts = _references(rows)
    in_store, in_store_or_file = (
        Rosters(stored, listed),
        Rosters(pa.concat_tables([stored, rows.select(COLUMNS).cast(stored.schema)]), listed),
    )
    in_game: dict[str, set[int | None]] = {}
    for n in refs:
        in_game.setdefault(n.game_id, set()).add(n.player_id)
    first_resolution: dict[tuple[int, str], Resolution] = {}

    def resolve(n: Reference) -> Resolution:
        roster = in_store_or_file.of_game(n.game_date - timedelta(days=1), n.team or "")
        alias = aliases.by_name(n.lookup, n.source, n.game_date)
        if n.player_id is None:
            return _by_name(n, roster) if alias is None else _by_alias(n, alias, roster)
        if alias is not None and alias not in in_game[n.game_id]:
            return _resolve_box_with_alias(n, alias, roster, in_store)
        id_and_name = n.player_id, n.lookup
        if id_and_name not in first_resolution:
            first_resolution[id_and_name] = _resolve_box(n, roster, in_store, in_game[n.game_id])
        return first_resolution[id_and_name]

    resolved = _resolve_all(refs, resolve)
    ids = [
        id_of_name(n.lookup) if r.player_id is None else r.player_id
        for n, r in zip(refs, resolved, strict=True)
    ]
    _reject_ambiguous(folder, refs, resolved, ids, at)
    matched = with_column(rows, "player_id", pa.array(ids, pa.int64()).take(at))
    return matched, _notes(LOGS_FILE, refs, resolved, counts)


def _resolve_box(
    n: Reference, roster: Sequence[RosterPlayer], in_store: Rosters, in_game: set[int | None]
) -> Resolution:
    """Return the player of a box-score row with an id, at the first game where the id has this name."""
    assert n.player_id is not None
    if in_store.has(n.player_id, n.lookup) or any(p.player_id == n.player_id for p in roster):
        return Resolution(n.player_id, SOURCE)
    id_by_name = match_name(n.lookup, n.team, roster).player_id
    if id_by_name is None or id_by_name in in_game:
        return Resolution(n.player_id, SOURCE, NEW)
    return Resolution(id_by_name, NAME, is_other_id=True)


def _resolve_box_with_alias(
    n: Reference, alias: int, roster: Sequence[RosterPlayer], in_store: Rosters
) -> Resolution:
    """Return the player of a box-score row with an id and an alias; an id of the league is kept."""
    assert n.player_id is not None
    if in_store.has(n.player_id, n.lookup) or any(p.player_id == n.player_id for p in roster):
        return Resolution(n.player_id, SOURCE)
    return _by_alias(n, alias, roster)


def _resolve(n: Reference, rosters: Rosters, aliases: KnownAliases) -> Resolution:
    """Return the player of a quote or a report."""
    _, away_team, home_team = n.game_id.split("_")
    players = rosters.of_game(n.game_date, home_team, away_team)
    alias = aliases.by_name(n.lookup, n.source, n.game_date)
    if n.player_id is not None and rosters.has(n.player_id, n.lookup):
        return Resolution(n.player_id, SOURCE) if alias in (None, n.player_id) else CONTRADICTION
    if alias is not None:
        return _by_alias(n, alias, players)
    if n.player_id is None:
        return _by_name(n, players)
    match = match_name(n.lookup, n.team, [p for p in players if n.team in (None, p.team)])
    if any(p.player_id == n.player_id for p in players):
        agrees = match.player_id in (None, n.player_id)
        return Resolution(n.player_id, SOURCE) if agrees else CONTRADICTION
    if match.is_ambiguous:
        return SEVERAL_PLAYERS
    if match.player_id is None:
        return Resolution(n.player_id, SOURCE, NEW)
    return Resolution(match.player_id, NAME, is_other_id=True)


def _by_alias(n: Reference, alias: int, players: Sequence[RosterPlayer]) -> Resolution:
    """Return the player of an alias, whom a game may name before his first box score for one of its teams.

    The alias of a short spelling ("J. Johnson") must not take the rows of another player with this last name.
    """
    in_game = {p.player_id for p in players}
    if n.player_id == alias:
        return Resolution(alias, SOURCE)
    if n.player_id in in_game:
        return CONTRADICTION
    if alias not in in_game and any(has_last_name(n.lookup, p) for p in players):
        return OTHER_LAST_NAME
    return Resolution(alias, ALIAS, is_other_id=n.player_id is not None)


def _by_name(n: Reference, players: Sequence[RosterPlayer]) -> Resolution:
    match = match_name(n.lookup, n.team, players)
    if match.player_id is not None:
        return Resolution(match.player_id, NAME)
    return SEVERAL_PLAYERS if match.is_ambiguous else UNKNOWN


def _resolve_all(refs: Sequence[Reference], resolve: Callable[[Reference], Resolution]) -> list[Resolution]:
    """Resolve all references; ignore new ids of a file if most of its ids are another source's."""
    resolutions = {n: resolve(n) for n in sorted(refs, key=lambda n: (n.game_date, n.game_id))}
    with_id = {(n.player_id, n.lookup): r for n, r in resolutions.items() if n.player_id is not None}
    is_foreign = sum(r.is_other_id for r in with_id.values()) > len(with_id) / 2
    return [UNKNOWN if is_foreign and resolutions[n].reason == NEW else resolutions[n] for n in refs]


def _reject_ambiguous(
    folder: object,
    refs: Sequence[Reference],
    resolved: Sequence[Resolution],
    ids: Sequence[int],
    at: pa.Array,
) -> None:
    """Reject names that several players of the team have, and names of players with another row."""
    rows = at.to_pylist()
    counts = Counter((n.game_id, i) for n, i in zip(refs, ids, strict=True))
    counts.update((refs[i].game_id, ids[i]) for i, count in Counter(rows).items() for _ in range(count - 1))
    problems = []
    for i, (n, r) in enumerate(zip(refs, resolved, strict=True)):
        repeated = r.how != SOURCE and counts[n.game_id, ids[i]] > 1
        if r is SEVERAL_PLAYERS or repeated:
            reason = "has no id, and another row of its game has this name" if repeated else r.reason
            file = LOGS_FILE
            problems.append(Problem(file, reason, "player_name", rows.index(i), n.lookup, rows.count(i)))
    raise_problems(folder, problems)


def _references(rows: pa.Table) -> tuple[list[Reference], pa.Array, list[int]]:
    """Return a table's distinct references, the reference of each row, and the rows of each."""
    columns = ("game_id", "game_date", "player_id", "player_lookup", "team_abbr", "source")
    groups = groups_of(rows, columns)
    refs = [Reference(*(*named, source or "")) for *named, source in groups.values]
    return refs, groups.indices, np.bincount(groups.of_row, minlength=len(refs)).tolist()


@dataclass
class _Group:
    rows: int = 0
    example: str = ""
    names: set[str] = field(default_factory=set)

    def add(self, n: Reference, rows: int) -> None:
        self.rows += rows
        self.example = self.example or f"{n.lookup} in {n.game_id}"
        self.names.add(n.lookup)


def _notes(
    file: str, refs: Sequence[Reference], resolved: Sequence[Resolution], counts: Sequence[int]
) -> list[Note]:
    """Return one note for each kind of match, with the first row."""
    groups: dict[tuple[Severity, str], _Group] = {}
    for n, r, rows in zip(refs, resolved, counts, strict=True):
        key = _note_key(file, n, r)
        if key is not None:
            groups.setdefault(key, _Group()).add(n, rows)
    return [
        Note(severity, file, f"{reason} ({len(g.names)} players)", g.rows, g.example)
        for (severity, reason), g in sorted(groups.items())
    ]


def _note_key(file: str, n: Reference, r: Resolution) -> tuple[Severity, str] | None:
    source_id = "no player id" if n.player_id is None else "another source's player id"
    if r.how == ALIAS:
        return Severity.INFO, f"{source_id}, matched by an alias"
    if r.how == NAME:
        return Severity.INFO, f"{source_id}, matched by name within the two rosters"
    if r.how == SOURCE:
        return (Severity.INFO, NEW) if r.reason == NEW and file != LOGS_FILE else None
    if file == LOGS_FILE:
        return Severity.WARNING, f"{source_id} and no match: a negative id made of the name"
    return Severity.WARNING, f"{source_id} and no match: {r.reason}"
