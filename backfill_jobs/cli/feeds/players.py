"""``props players``: names without a player, aliases, and the directory of players."""

from __future__ import annotations

import getpass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from backfill_jobs.cli.dates import date_option
from backfill_jobs.cli.framework import FINDING, Json, connect_backend, program
from backfill_jobs.cli.output import print_json, print_lines, show, show_table
from backfill_jobs.cli.progress import waiting

if TYPE_CHECKING:
    import pyarrow as pa

    from shared.application.players.check import PlayersCheck
    from shared.application.players.unresolved import UnresolvedName

STATIC = "nba_api static"
"""Source of the players of ``load-static``."""

players = program("Players: names without a player, and aliases that settle them.")
alias = program("Spellings and ids of sources that mean a player.")
players.add_typer(alias, name="alias")

Spelling = Annotated[str, typer.Argument(help="A spelling, or with --id an id of the source.")]
Source = Annotated[
    str, typer.Option(help="Source that uses it, as in the column source of the rows; default: every source.")
]
IsId = Annotated[bool, typer.Option("--id", help="SPELLING is an id of the source.")]


@players.command(
    "unresolved", examples=("props players unresolved", "props players unresolved --since TODAY-7")
)
def unresolved(
    since: Annotated[date | None, date_option("First game date; default: all.")] = None, as_json: Json = False
) -> None:
    """Names of stored rows that no player was found for, with the players that they may mean."""
    from shared.application.players.unresolved import UnresolvedNames
    from shared.warehouse.schedule import FIRST_DATE, LAST_DATE

    with waiting("reading stored rows"):
        names = UnresolvedNames(connect_backend().warehouse)(since or FIRST_DATE, LAST_DATE)
    columns = ("name", "source", "rows", "from", "to", "teams", "candidates")
    value = {"names": names}
    show_table(as_json, value, columns, [_cells(n) for n in names], "every name has a player")
    if names and not as_json:
        print_lines(
            ["to settle a name: props players alias add SPELLING --player-id N, then load the file again"]
        )


@alias.command(
    "add",
    examples=(
        "props players alias add SPELLING --player-id PLAYER_ID",
        "props players alias add SPELLING --player-id PLAYER_ID --source SOURCE --from DATE",
        "props players alias add 3112335 --id --source espn --player-id PLAYER_ID",
    ),
)
def alias_add(
    spelling: Spelling,
    player_id: Annotated[int, typer.Option(min=1, max=2**53, help="NBA.com player id.")],
    source: Source = "",
    first: Annotated[date | None, date_option("First game date; default: every date.", "--from")] = None,
    last: Annotated[date | None, date_option("Last game date; default: no end.", "--to")] = None,
    is_id: IsId = False,
    as_json: Json = False,
) -> None:
    """Store that a spelling or an id means a player. Load its files again for the player."""
    from shared.application.players.add_aliases import AddAliases
    from shared.application.players.aliases import ID, NAME, Alias
    from shared.warehouse.schedule import FIRST_DATE

    backend = connect_backend()
    now, kind = backend.clock.now(), ID if is_id else NAME
    new = Alias(
        source, kind, _alias_text(spelling, is_id), player_id, first or FIRST_DATE, last, _user(), now
    )
    is_new = AddAliases(backend.warehouse).one(new, now)
    line = f"{new}; load the files with it again" if is_new else f"{new} is stored already"
    show(as_json, {"alias": vars(new), "is_new": is_new}, [line])


@alias.command("list", examples=("props players alias list", "props players alias list --source espn"))
def alias_list(
    source: Annotated[str | None, typer.Option(help="Only aliases of this source.")] = None,
    as_json: Json = False,
) -> None:
    """All aliases, ended ones included."""
    from shared.application.players.aliases import PlayerAliases
    from shared.warehouse.schedule import FIRST_DATE

    aliases = [a for a in PlayerAliases(connect_backend().warehouse).all() if source in (None, a.source)]
    rows = [
        (
            a.alias, a.kind, a.source or "every source", str(a.player_id),
            None if a.valid_from == FIRST_DATE else a.valid_from, a.valid_to, a.added_by,
        )
        for a in aliases
    ]  # fmt: skip
    columns = ("alias", "kind", "source", "player", "from", "to", "added by")
    show_table(as_json, {"aliases": [vars(a) for a in aliases]}, columns, rows, "no alias is stored")


@alias.command("end", examples=("props players alias end SPELLING --to DATE",))
def alias_end(
    spelling: Spelling,
    source: Source = "",
    last: Annotated[
        date | None,
        date_option(
            "Last game date on which it counts; default: yesterday. Before its first date: it never counts.",
            "--to",
        ),
    ] = None,
    is_id: IsId = False,
    as_json: Json = False,
) -> None:
    """Set the last game date of an alias; nothing is deleted."""
    from shared.application.players.aliases import ID, NAME, PlayerAliases
    from shared.domain.instants import eastern_date

    backend = connect_backend()
    now = backend.clock.now()
    end = last or eastern_date(now) - timedelta(days=1)
    kind = ID if is_id else NAME
    ended = PlayerAliases(backend.warehouse).end(source, kind, _alias_text(spelling, is_id), end, now)
    show(as_json, {"ended": [vars(a) for a in ended]}, [f"ended: {a}" for a in ended])


@players.command("check", examples=("props players check",))
def check(as_json: Json = False) -> None:
    """Figures of the directory and the aliases; exit 1 if two players have one identity."""
    from shared.application.players.check import CheckPlayers

    result = CheckPlayers(connect_backend().warehouse)()
    if as_json:
        print_json(result)
    else:
        print_lines(_check_lines(result))
    if result.has_findings:
        raise typer.Exit(FINDING)


@players.command("load-static", examples=("props players load-static",))
def load_static(as_json: Json = False) -> None:
    """Load the list of players in the package nba_api: ids and names, without teams and seasons."""
    from shared.application.players.directory import PlayerDirectory

    rows = _static_players()
    backend = connect_backend()
    changed = PlayerDirectory(backend.warehouse).write(rows, STATIC, backend.clock.now())
    lines = [f"{rows.num_rows:,} players read, {changed:,} new or changed"]
    show(as_json, {"read": rows.num_rows, "changed": changed}, lines)


def _static_players() -> pa.Table:
    """Return the ids and names of nba_api's list; ``Rejected`` if it is not installed or not as expected."""
    import importlib

    import pyarrow as pa

    from shared.errors import Rejected

    try:
        listed = importlib.import_module("nba_api.stats.static.players").get_players()
    except ModuleNotFoundError as exc:
        raise Rejected("nba_api is not installed, expected pip install 'nba-props[feeds]'") from exc
    try:
        ids, names = [p["id"] for p in listed], [p["full_name"] for p in listed]
        return pa.table({"player_id": pa.array(ids, pa.int64()), "player_name": pa.array(names, pa.string())})
    except (KeyError, TypeError, pa.ArrowInvalid) as exc:
        raise Rejected(f"nba_api: the list of players has {exc}, expected id and full_name of each") from exc


def _alias_text(spelling: str, is_id: bool) -> str:
    from shared.domain.players.names import player_lookup

    try:
        return spelling if is_id else player_lookup(spelling)
    except ValueError as exc:
        raise typer.BadParameter(f"{exc}, expected a spelling") from exc


def _cells(name: UnresolvedName) -> tuple[object, ...]:
    candidates = "; ".join(f"{c.player_name} {c.player_id}" for c in name.candidates)
    return (
        name.player_lookup, name.source, name.rows, name.first_game_date, name.last_game_date,
        " ".join(name.teams), candidates or None,
    )  # fmt: skip


def _check_lines(c: PlayersCheck) -> list[str]:
    return [
        f"{c.players:,} players in the directory, {c.without_season:,} of them without seasons",
        f"{c.shared_names:,} spellings of several players, {len(c.shared_identities):,} in one season",
        *(f"  {s.player_lookup}: {', '.join(map(str, s.player_ids))}" for s in c.shared_identities),
        f"{c.name_aliases:,} aliases of names and {c.id_aliases:,} of ids, {c.ended_aliases:,} of them ended",
        f"{len(c.unknown_players):,} aliases of players that are in no list and no box score",
        *(f"  {a}" for a in c.unknown_players),
        f"{len(c.conflicts):,} pairs of aliases that contradict each other",
        *(f"  {pair}" for pair in c.conflicts),
    ]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this user id, as in some containers
        return "unknown"
