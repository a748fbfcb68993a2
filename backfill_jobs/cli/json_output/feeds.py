"""The types of what the commands on feeds and players print with ``--json``."""

# Types are made from tables and dataclasses by functions:
# mypy: disable-error-code="valid-type, misc"

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from msgspec import Meta

from backfill_jobs.cli.feeds.day import StepResult
from backfill_jobs.cli.json_output.types import row_of, struct, variant
from shared.application.feeds.rows import FeedNote
from shared.application.ingestion.problems import Note
from shared.application.players.check import PlayersCheck
from shared.application.players.unresolved import UnresolvedName
from shared.schemas.reference import PLAYER_ALIASES

RowKindName = Annotated[str, Meta(title="KIND")]
TableName = Annotated[str, Meta(title="TABLE")]


class FeedList(TypedDict):
    """The feeds that can be imported."""

    feeds: list[struct("FeedName", "A feed.", name=str, title=str)]


class Import(TypedDict):
    """Rows by file and by table. ``skipped``: files of a folder that are not data. ``unresolved``: names
    without a player. A dry run has no ``changed``."""

    files: list[
        struct(
            "ImportedFile", "A file, and notes on rows that were left out.", name=str, feed=str,
            rows=dict[RowKindName, int], notes=list[variant(FeedNote)],
        )
    ]  # fmt: skip
    skipped: list[str]
    read: dict[TableName, int]
    changed: dict[TableName, int]
    notes: list[variant(Note, "A remark on imported rows; ``example`` is the first.", without=("dates",))]
    replaced: int
    unresolved: int
    dry_run: bool


class Fetch(TypedDict):
    """Responses of a fetch. ``stored``: names of new ones; ``refused``: what is missing or cannot be
    imported; ``stopped``: what was left out for the budget. ``spent``, ``remaining``: credits."""

    kind: str
    game_date: str
    stored: list[str]
    unchanged: int
    refused: list[str]
    stopped: list[str]
    imported: list[Import]
    spent: int
    remaining: int | None


class DayOfSteps(TypedDict):
    """The steps of a game date in their order, with what they printed."""

    game_date: str
    steps: list[StepResult]


FEED_OUTPUT: dict[str, Any] = {
    "props import": Import,
    "props feeds": FeedList,
    "props fetch": Fetch,
    "props day": DayOfSteps,
    "props players unresolved": struct(
        "UnresolvedNames", "Names without a player, most rows first.", names=list[UnresolvedName]
    ),
    "props players alias add": struct(
        "AddedAlias",
        "``is_new``: false if an alias says the same already.",
        alias=row_of(PLAYER_ALIASES),
        is_new=bool,
    ),
    "props players alias list": struct(
        "Aliases", "Aliases, ended ones included.", aliases=list[row_of(PLAYER_ALIASES)]
    ),
    "props players alias end": struct(
        "EndedAliases", "The aliases with their last game date.", ended=list[row_of(PLAYER_ALIASES)]
    ),
    "props players check": PlayersCheck,
    "props players load-static": struct(
        "LoadedPlayers", "Players of the list, and how many are new or changed.", read=int, changed=int
    ),
}
