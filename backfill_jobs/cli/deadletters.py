"""``props deadletters``: messages that could not be handled, and publishing them again."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

from backfill_jobs.cli.dates import days_option
from backfill_jobs.cli.framework import FINDING, Json, connect_backend, program
from backfill_jobs.cli.output import show, show_table

if TYPE_CHECKING:
    from shared.application.messaging.dead_letters import RejectedMessage, RejectedMessages

deadletters = program("Stored messages that a service refused or the broker could not deliver.")


class MessageSummary(TypedDict):
    """A stored message without its body."""

    id: str
    service: str
    topic: str | None
    message_id: str | None
    run_id: str | None
    reason: str
    rejected_at: datetime
    published_at: datetime | None
    attempts: int | None
    attributes: dict[str, str]
    replayed_at: datetime | None
    replayed_by: str | None


class MessageDetails(MessageSummary):
    """A stored message; ``body`` is JSON if it can be parsed, else text; ``whole``: the body is complete."""

    body: Any
    body_bytes: int
    whole: bool


class ReplayResult(TypedDict):
    """Ids of the messages published again, and why others were not, by id."""

    replayed: list[str]
    failed: dict[str, str]


Days = Annotated[int, days_option("How many days back to look.")]


@deadletters.command("list", examples=("props deadletters list --days 7",))
def list_(days: Days = 30, as_json: Json = False) -> None:
    """Stored messages: topic, number of deliveries, reason of the failure, time and user of the replay."""
    messages = _stored_messages().list_messages(days)
    value = {"messages": [_plain(m) for m in messages]}
    columns = ("id", "stored at", "topic", "run", "tries", "replayed", "reason")
    rows = [_cells(m) for m in messages]
    show_table(as_json, value, columns, rows, f"no message failed in the last {days} days")


@deadletters.command("show", examples=("props deadletters show ID",))
def show_message(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Id of a message, as printed by list.")],
    days: Days = 30,
    as_json: Json = False,
) -> None:
    """One message with its body."""
    from shared.domain.instants import eastern_text

    message = _stored_messages().find(id_, days)
    envelope = message.envelope
    body = _payload(envelope.payload) if envelope else message.body
    details: MessageDetails = {
        **_plain(message), "body": body, "body_bytes": message.body_bytes, "whole": message.is_complete
    }  # fmt: skip
    lines = [
        f"{name}: {eastern_text(value) if isinstance(value, datetime) else value}"
        for name, value in details.items()
        if name != "body" and value is not None
    ]
    text = body if isinstance(body, str) else json.dumps(body, indent=2)
    show(as_json, details, [*lines, "body:", text])


@deadletters.command("replay", examples=("props deadletters replay ID", "props deadletters replay --all"))
def replay(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Ids of messages, as printed by list.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All dead letters not replayed yet; excludes refused messages.")
    ] = False,
    days: Days = 30,
    as_json: Json = False,
) -> None:
    """Publish messages to their topics again. They stay in the list with time and user of the replay."""
    if bool(ids) == everything:
        raise typer.BadParameter("give ids or --all")
    store = _stored_messages()
    replayed, failed = _replay(
        store, store.list_waiting(days) if everything else [store.find(i, days) for i in ids or []]
    )
    lines = [f"replayed {m.id} to {m.topic}" for m in replayed] + list(failed.values())
    result: ReplayResult = {"replayed": [m.id for m in replayed], "failed": failed}
    show(as_json, result, lines or ["no dead letter is left to replay"])
    if failed:
        raise typer.Exit(FINDING)


def _replay(
    store: RejectedMessages, messages: Sequence[RejectedMessage]
) -> tuple[list[RejectedMessage], dict[str, str]]:
    """Publish messages again; return the replayed ones, and why others failed, by id."""
    from shared.errors import Rejected

    replayed, failed, user = [], {}, _user()
    for message in messages:
        try:
            store.replay(message, user)
            replayed.append(message)
        except Rejected as exc:
            failed[message.id] = str(exc)
    return replayed, failed


def _stored_messages() -> RejectedMessages:
    """Return the stored messages, after fetching the dead letters that the broker still holds."""
    from shared.application.messaging.dead_letters import RejectedMessages

    backend = connect_backend()
    store = RejectedMessages(backend.warehouse, backend.dead_letters)
    store.collect()
    return store


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this user id, as in some containers
        return "unknown"


def _plain(m: RejectedMessage) -> MessageSummary:
    envelope = m.envelope
    return {
        "id": m.id,
        "service": m.service,
        "topic": m.topic,
        "message_id": m.message_id,
        "run_id": m.run_id,
        "reason": m.reason,
        "rejected_at": m.rejected_at,
        "published_at": m.published_at,
        "attempts": m.attempts,
        "attributes": dict(envelope.attributes) if envelope else {},
        "replayed_at": m.replayed_at,
        "replayed_by": m.replayed_by,
    }


def _cells(m: RejectedMessage) -> tuple[Any, ...]:
    from shared.domain.instants import eastern_text

    replayed = f"{eastern_text(m.replayed_at)} {m.replayed_by}" if m.replayed_at else None
    return m.id, eastern_text(m.rejected_at), m.topic, m.run_id, m.attempts, replayed, m.reason


def _payload(data: bytes) -> Any:
    """Parse JSON; return text if it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")
