"""``props deadletters``: messages that could not be handled, and publishing them again."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

from backfill_jobs.cli.framework import (
    FINDING,
    MOST_DAYS,
    Json,
    backend,
    print_json,
    print_lines,
    program,
    show,
)
from backfill_jobs.cli.tables import print_table

if TYPE_CHECKING:
    from shared.application.messaging.dead_letters import RejectedMessage, RejectedMessages

deadletters = program("Messages that a service refused or the broker gave up; all of them are kept.")


class Told(TypedDict):
    """A message that was kept, without its body."""

    id: str
    service: str
    topic: str | None
    message_id: str | None
    run_id: str | None
    reason: str
    rejected_at: str
    published_at: str | None
    attempts: int | None
    attributes: Annotated[dict[str, str], "NAME"]
    replayed_at: str | None
    replayed_by: str | None


class ToldWhole(Told):
    """``body``: what it says, JSON where it is JSON; ``whole``: whether all of it was kept."""

    body: Any
    body_bytes: int
    whole: bool


class Replayed(TypedDict):
    """Ids of those published again, and why others were not."""

    replayed: list[str]
    failed: Annotated[dict[str, str], "ID"]


Days = Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How many days back to look.")]


@deadletters.command("list", examples=("props deadletters list --days 7",))
def list_(days: Days = 30, as_json: Json = False) -> None:
    """What was kept: where it was published, how often it was tried, why it failed, who replayed it."""
    found = _kept().list_messages(days)
    if as_json:
        print_json({"messages": [_plain(m) for m in found]})
    elif found:
        columns = ("id", "kept at", "topic", "run", "tries", "replayed", "why")
        print_table(None, columns, [_cells(m) for m in found])
    else:
        print_lines([f"no message was refused or given up in the last {days} days"])


@deadletters.command("show", examples=("props deadletters show ID",))
def show_one(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As list shows it.")],
    days: Days = 30,
    as_json: Json = False,
) -> None:
    """One message whole."""
    from shared.domain.instants import eastern_text

    message = _kept().find(id_, days)
    envelope = message.envelope
    body = _payload(envelope.payload) if envelope else message.body
    told: ToldWhole = {
        **_plain(message), "body": body, "body_bytes": message.body_bytes, "whole": message.is_complete
    }  # fmt: skip
    at = {"rejected_at": message.rejected_at, "published_at": message.published_at}
    at["replayed_at"] = message.replayed_at
    shown = told | {name: eastern_text(moment) for name, moment in at.items() if moment}
    lines = [f"{k}: {v}" for k, v in shown.items() if k != "body" and v is not None]
    text = body if isinstance(body, str) else json.dumps(body, indent=2)
    show(as_json, told, [*lines, "body:", text])


@deadletters.command(
    "replay",
    examples=(
        "props deadletters replay ID",
        "props deadletters replay --all",
    ),
)
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="As list shows them.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every dead letter that was not replayed yet; no refused messages.")
    ] = False,
    days: Days = 30,
    as_json: Json = False,
) -> None:
    """Publish messages to their topics again. They stay in the list, marked with who replayed them when."""
    if bool(ids) == everything:
        raise typer.BadParameter("give ids, or --all")
    kept = _kept()
    replayed, failed = _replay(
        kept, kept.list_waiting(days) if everything else [kept.find(i, days) for i in ids or []]
    )
    lines = [f"replayed {m.id} to {m.topic}" for m in replayed] + list(failed.values())
    told: Replayed = {"replayed": [m.id for m in replayed], "failed": failed}
    show(as_json, told, lines or ["no dead letter waits to be replayed"])
    if failed:
        raise typer.Exit(FINDING)


def _replay(
    kept: RejectedMessages, messages: Sequence[RejectedMessage]
) -> tuple[list[RejectedMessage], dict[str, str]]:
    """Those replayed, and why others cannot be."""
    from shared.errors import Rejected

    replayed, failed, by = [], {}, _user()
    for message in messages:
        try:
            kept.replay(message, by)
            replayed.append(message)
        except Rejected as exc:
            failed[message.id] = str(exc)
    return replayed, failed


def _kept() -> RejectedMessages:
    """The kept messages, those that the broker still holds brought in first."""
    from shared.application.messaging.dead_letters import RejectedMessages

    use = backend()
    kept = RejectedMessages(use.warehouse, use.dead_letters)
    kept.collect()
    return kept


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this user id, as in some containers
        return "unknown"


def _plain(m: RejectedMessage) -> Told:
    envelope = m.envelope
    return {
        "id": m.id,
        "service": m.service,
        "topic": m.topic,
        "message_id": m.message_id,
        "run_id": m.run_id,
        "reason": m.reason,
        "rejected_at": m.rejected_at.isoformat(),
        "published_at": m.published_at.isoformat() if m.published_at else None,
        "attempts": m.attempts,
        "attributes": dict(envelope.attributes) if envelope else {},
        "replayed_at": m.replayed_at.isoformat() if m.replayed_at else None,
        "replayed_by": m.replayed_by,
    }


def _cells(m: RejectedMessage) -> tuple[Any, ...]:
    from shared.domain.instants import eastern_text

    replayed = f"{eastern_text(m.replayed_at)} {m.replayed_by}" if m.replayed_at else None
    return m.id, eastern_text(m.rejected_at), m.topic, m.run_id, m.attempts, replayed, m.reason


def _payload(data: bytes) -> Any:
    """JSON where it is JSON, else text."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")
