"""Player ids of quotes, injury reports and box scores: the source's, or by name within two rosters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.ingestion.file_contracts import LOGS_FILE
from shared.application.ingestion.problems import Note, Problem, raise_problems
from shared.application.ingestion.rosters import COLUMNS, Rosters, stored_box_scores
from shared.application.ingestion.warehouse_tables import FILE_OF, Tables
from shared.domain.findings import Severity
from shared.domain.players.name_matching import RosterPlayer, id_of_name, match_name
from shared.ports import Warehouse
from shared.schemas.reference import INJURY_REPORT, PLAYER_GAME_SUMMARY, PLAYER_POINTS_PROPS
from shared.schemas.table import Table

NAMING = (PLAYER_GAME_SUMMARY.name, PLAYER_POINTS_PROPS.name, INJURY_REPORT.name)
"""Tables whose rows name a player."""

SOURCE, NAME, NONE = "source", "name", "none"


class Naming(NamedTuple):
    """How rows of a file name a player in a game."""

    game_id: str
    game_date: date
    player_id: int | None
    lookup: str
    team: str | None


@dataclass(frozen=True)
class Resolution:
    """The player of a naming. ``how``: source, name or none; ``reason`` says why there is none."""

    player_id: int | None
    how: str
    reason: str = ""
    is_other_id: bool = False


UNKNOWN = Resolution(None, NONE, "no player of the two rosters has the name")
TWO_PLAYERS = Resolution(None, NONE, "several players of the two rosters have the name")
CONTRADICTION = Resolution(None, NONE, "the id and the name are two players of the rosters")
NEW = "an id that no box score has under this name"


@dataclass(frozen=True)
class Matched:
    """The tables with the ids that were found, and notes on those that were not the source's."""

    tables: tuple[tuple[Table, pa.Table], ...]
    notes: tuple[Note, ...] = ()


def match_players(warehouse: Warehouse, tables: Tables, folder: object) -> Matched:
    """Find the ids of all rows that name a player; ``Rejected`` for a box score that cannot be told apart.

    An id is the source's own where a box score has it under the same name, in the store or in these
    tables, or where it is in one of the game's rosters. Otherwise the name decides, within the two
    rosters. The game's own box score counts as roster: who somebody is, is no result of the game.
    """
    by_name = {t.name: rows for t, rows in tables}
    days = [d for name in NAMING if name in by_name for d in _span(by_name[name])]
    if not days:
        return Matched(tuple(tables))
    stored = stored_box_scores(warehouse, min(days), max(days))
    box, notes = _box_scores(by_name.get(PLAYER_GAME_SUMMARY.name), stored, folder)
    rosters = Rosters(
        stored if box is None else pa.concat_tables([stored, box.select(COLUMNS).cast(stored.schema)])
    )
    done: list[tuple[Table, pa.Table]] = []
    for table, rows in tables:
        if table is PLAYER_GAME_SUMMARY and box is not None:
            rows = box
        elif table in (PLAYER_POINTS_PROPS, INJURY_REPORT):
            rows, more = _named_rows(table, rows, rosters)
            _refuse_repeated(folder, table, rows)
            notes += more
        done.append((table, rows))
    return Matched(tuple(done), tuple(notes))


def _span(rows: pa.Table) -> list[date]:
    if not rows.num_rows:
        return []
    ends = pc.min_max(rows["game_date"]).as_py()
    return [ends["min"], ends["max"]]


def _named_rows(table: Table, rows: pa.Table, rosters: Rosters) -> tuple[pa.Table, list[Note]]:
    """Quotes or injury reports with the ids found. A report without one gets the id of its name."""
    namings, at, counts = _namings(rows)
    resolved = _resolve_all(namings, lambda n: _resolve(n, rosters))
    ids = [r.player_id for r in resolved]
    if table is INJURY_REPORT:
        ids = [id_of_name(n.lookup) if i is None else i for n, i in zip(namings, ids, strict=True)]
    how = [None if r.how == NONE and table is not INJURY_REPORT else r.how for r in resolved]
    found = _with(rows, "player_id", pa.array(ids, pa.int64()).take(at))
    found = _with(found, "player_id_source", pa.array(how, pa.string()).take(at))
    return found, _notes(FILE_OF[table.name], namings, resolved, counts)


def _refuse_repeated(folder: object, table: Table, rows: pa.Table) -> None:
    """Refuse two rows of one key: a report that names a player in two spellings."""
    keys = list(zip(*(rows[k].to_pylist() for k in table.key), strict=True))
    if len(set(keys)) == len(keys):
        return
    counts = Counter(keys)
    row = next(i for i, key in enumerate(keys) if counts[key] > 1)
    reason = f"is player {rows['player_id'][row].as_py()}, whom another row of the same report names"
    name = rows["player_lookup"][row].as_py()
    raise_problems(
        folder, [Problem(FILE_OF[table.name], reason, "player_name", row, name, counts[keys[row]])]
    )


def _box_scores(
    rows: pa.Table | None, stored: pa.Table, folder: object
) -> tuple[pa.Table | None, list[Note]]:
    """Box scores with the ids found, one for each row: where there is none, the id of the name."""
    if rows is None:
        return None, []
    namings, at, counts = _namings(rows)
    in_store, in_both = (
        Rosters(stored),
        Rosters(pa.concat_tables([stored, rows.select(COLUMNS).cast(stored.schema)])),
    )
    in_game: dict[str, set[int | None]] = {}
    for n in namings:
        in_game.setdefault(n.game_id, set()).add(n.player_id)
    first: dict[tuple[int, str], Resolution] = {}

    def resolve(n: Naming) -> Resolution:
        before = in_both.of(n.team or "", n.game_date - timedelta(days=1))
        if n.player_id is None:
            return _by_name(n, before)
        pair = n.player_id, n.lookup
        if pair not in first:
            first[pair] = _resolve_box(n, before, in_store, in_game[n.game_id])
        return first[pair]

    resolved = _resolve_all(namings, resolve)
    ids = [
        id_of_name(n.lookup) if r.player_id is None else r.player_id
        for n, r in zip(namings, resolved, strict=True)
    ]
    _refuse_doubtful(folder, namings, resolved, ids, at)
    found = _with(rows, "player_id", pa.array(ids, pa.int64()).take(at))
    return found, _notes(LOGS_FILE, namings, resolved, counts)


def _resolve_box(
    n: Naming, before: Sequence[RosterPlayer], in_store: Rosters, in_game: set[int | None]
) -> Resolution:
    """The player of a box-score row with an id, at the first game where the id has this name."""
    assert n.player_id is not None
    if in_store.knows(n.player_id, n.lookup) or any(p.player_id == n.player_id for p in before):
        return Resolution(n.player_id, SOURCE)
    named = match_name(n.lookup, n.team, before).player_id
    if named is None or named in in_game:
        return Resolution(n.player_id, SOURCE, NEW)
    return Resolution(named, NAME, is_other_id=True)


def _resolve(n: Naming, rosters: Rosters) -> Resolution:
    """The player of a quote or a report."""
    if n.player_id is not None and rosters.knows(n.player_id, n.lookup):
        return Resolution(n.player_id, SOURCE)
    _, away, home = n.game_id.split("_")
    both = [*rosters.of(home, n.game_date), *rosters.of(away, n.game_date)]
    if n.player_id is None:
        return _by_name(n, both)
    named = match_name(n.lookup, n.team, [p for p in both if n.team in (None, p.team)])
    if any(p.player_id == n.player_id for p in both):
        agrees = named.player_id in (None, n.player_id)
        return Resolution(n.player_id, SOURCE) if agrees else CONTRADICTION
    if named.is_ambiguous:
        return TWO_PLAYERS
    if named.player_id is None:
        return Resolution(n.player_id, SOURCE, NEW)
    return Resolution(named.player_id, NAME, is_other_id=True)


def _by_name(n: Naming, players: Sequence[RosterPlayer]) -> Resolution:
    match = match_name(n.lookup, n.team, players)
    if match.player_id is not None:
        return Resolution(match.player_id, NAME)
    return TWO_PLAYERS if match.is_ambiguous else UNKNOWN


def _resolve_all(namings: Sequence[Naming], resolve: Callable[[Naming], Resolution]) -> list[Resolution]:
    """All namings; new ids of a file most of whose ids are another source's are no ids of ours."""
    found = {n: resolve(n) for n in sorted(namings, key=lambda n: (n.game_date, n.game_id))}
    with_id = {(n.player_id, n.lookup): r for n, r in found.items() if n.player_id is not None}
    is_foreign = sum(r.is_other_id for r in with_id.values()) > len(with_id) / 2
    return [UNKNOWN if is_foreign and found[n].reason == NEW else found[n] for n in namings]


def _refuse_doubtful(
    folder: object,
    namings: Sequence[Naming],
    resolved: Sequence[Resolution],
    ids: Sequence[int],
    at: pa.Array,
) -> None:
    """Refuse names that several players of the team have, and a name of a player with another row."""
    rows = at.to_pylist()
    seen = Counter((n.game_id, i) for n, i in zip(namings, ids, strict=True))
    seen.update((namings[i].game_id, ids[i]) for i, count in Counter(rows).items() for _ in range(count - 1))
    problems = []
    for i, (n, r) in enumerate(zip(namings, resolved, strict=True)):
        repeated = r.how != SOURCE and seen[n.game_id, ids[i]] > 1
        if r is TWO_PLAYERS or repeated:
            reason = "has no id, and another row of its game has this name" if repeated else r.reason
            file = LOGS_FILE
            problems.append(Problem(file, reason, "player_name", rows.index(i), n.lookup, rows.count(i)))
    raise_problems(folder, problems)


def _namings(rows: pa.Table) -> tuple[list[Naming], pa.Array, list[int]]:
    """Distinct namings of a table, the naming of each row, and the rows of each."""
    columns = ("game_id", "game_date", "player_id", "player_lookup", "team_abbr")
    position: dict[Naming, int] = {}
    at = [
        position.setdefault(Naming(*values), len(position))
        for values in zip(*(rows[c].to_pylist() for c in columns), strict=True)
    ]
    counts = Counter(at)
    return list(position), pa.array(at, pa.int64()), [counts[i] for i in range(len(position))]


def _with(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    if name not in rows.column_names:
        return rows.append_column(name, values)
    return rows.set_column(rows.column_names.index(name), name, values)


@dataclass
class _Group:
    rows: int = 0
    example: str = ""
    names: set[str] = field(default_factory=set)

    def add(self, n: Naming, rows: int) -> None:
        self.rows += rows
        self.example = self.example or f"{n.lookup} in {n.game_id}"
        self.names.add(n.lookup)


def _notes(
    file: str, namings: Sequence[Naming], resolved: Sequence[Resolution], counts: Sequence[int]
) -> list[Note]:
    """One note for each thing that happened to ids, with the first row."""
    groups: dict[tuple[Severity, str], _Group] = {}
    for n, r, rows in zip(namings, resolved, counts, strict=True):
        what = _what(file, n, r)
        if what is not None:
            groups.setdefault(what, _Group()).add(n, rows)
    return [
        Note(severity, file, f"{reason} ({len(g.names)} players)", g.rows, g.example)
        for (severity, reason), g in sorted(groups.items())
    ]


def _what(file: str, n: Naming, r: Resolution) -> tuple[Severity, str] | None:
    came = "no player id" if n.player_id is None else "another source's player id"
    if r.how == NAME:
        return Severity.INFO, f"{came}, matched by name within the two rosters"
    if r.how == SOURCE:
        return (Severity.INFO, NEW) if r.reason == NEW and file != LOGS_FILE else None
    if file == LOGS_FILE:
        return Severity.WARNING, f"{came} and no match: a negative id made of the name"
    return Severity.WARNING, f"{came} and no match: {r.reason}"
