"""Runs in Firestore: one document per run, per player outcome and per active game date."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime, timedelta
from typing import Any

from google.api_core.exceptions import AlreadyExists, FailedPrecondition
from google.api_core.exceptions import NotFound as Absent
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.domain.vocabulary import ACTIVE_STATES, Outcome, RunState
from shared.errors import Conflict, NotFound, Unavailable
from shared.gcp.clients import Clients
from shared.gcp.failures import translate_errors
from shared.ports import ExpectedPlayer, PlayerOutcome, Run

RUNS, OUTCOMES, UNDER_WAY = "prediction_runs", "outcomes", "prediction_runs_under_way"
KEEP = timedelta(days=400)
"""How long Firestore stores a run; its rows and its result stay in the warehouse."""

MAX_ATTEMPTS = 10
MAX_BATCH_WRITES = 400
"""Documents in one commit; Firestore's limit is 500."""


class FirestoreRunStore:
    """Uses no locks: a document is created once, or updated on the condition that it is unchanged since it
    was read; after a conflict it is read again."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def batched_writes(self) -> AbstractContextManager[None]:
        return nullcontext()

    def open(self, run: Run) -> None:
        db, game_date = self._clients.firestore(), run.game_date.isoformat()
        active_run = db.collection(UNDER_WAY).document(game_date)
        batch = db.batch()
        batch.create(active_run, {"run_id": run.run_id, "expire_at": run.opened_at + KEEP})
        batch.create(self._run(run.run_id), _fields(run))
        with translate_errors(f"run {run.run_id}"):
            try:
                batch.commit()
            except AlreadyExists as exc:
                holder = active_run.get().to_dict()
                if holder is None:  # the run ended between the two calls
                    raise Unavailable(f"run {run.run_id}: another run of {game_date} has just ended") from exc
                if holder["run_id"] != run.run_id:
                    raise Conflict(
                        f"a run for {game_date} is under way: {holder['run_id']}", holder["run_id"]
                    ) from exc

    def expect(self, run_id: str, players: Sequence[ExpectedPlayer]) -> None:
        def add_players(run: dict[str, Any]) -> dict[str, Any] | None:
            current = _players(run)
            all_players = _with_keys(current, players)
            if run["state"] not in ACTIVE_STATES or len(all_players) == len(current):
                return None
            return {
                "games": json.dumps({key: p.game_id for key, p in all_players.items()}),
                "player_ids": json.dumps({key: p.player_id for key, p in all_players.items()}),
                "expected": len(all_players),
            }

        self._change(run_id, add_players)

    def advance(
        self, run_id: str, from_states: Sequence[RunState], to: RunState, *, note: str | None = None
    ) -> bool:
        closed_at = None if to in ACTIVE_STATES else datetime.now(UTC)

        def change_state(run: dict[str, Any]) -> dict[str, Any] | None:
            if run["state"] not in from_states:
                return None
            note_field = {} if note is None else {"note": note}
            return {"state": to.value, "closed_at": closed_at, **note_field}

        return self._change(run_id, change_state, ends=closed_at is not None)

    def record(self, run_id: str, outcomes: Sequence[PlayerOutcome]) -> int:
        expected = _players(self._snapshot(run_id).to_dict())
        key_by_identity = {_identity(p): key for key, p in expected.items()}
        keyed_outcomes = [(key_by_identity.get(_identity(o)), o) for o in reversed(outcomes)]
        new_outcomes = {key: o for key, o in keyed_outcomes if key is not None}
        with translate_errors(f"run {run_id}"):
            names = list(new_outcomes)
            for start in range(0, len(names), MAX_BATCH_WRITES):
                self._create(run_id, {n: new_outcomes[n] for n in names[start : start + MAX_BATCH_WRITES]})
            count = self._outcomes(run_id).count().get()
        return len(expected) - int(count[0][0].value)

    def get(self, run_id: str) -> Run:
        return _run(run_id, self._snapshot(run_id).to_dict())

    def runs(self, *, game_date: date | None = None, limit: int = 50) -> list[Run]:
        query = self._clients.firestore().collection(RUNS)
        if game_date is not None:
            query = query.where(filter=FieldFilter("game_date", "==", game_date.isoformat()))
        with translate_errors("runs"):
            snapshots = query.order_by("opened_at", direction="DESCENDING").limit(limit).get()
        return [_run(d.id, d.to_dict()) for d in snapshots]

    def active_runs(self) -> list[Run]:
        db = self._clients.firestore()
        with translate_errors("runs under way"):
            run_ids = [d.to_dict()["run_id"] for d in db.collection(UNDER_WAY).stream()]
            snapshots = [d for d in db.get_all([self._run(n) for n in run_ids]) if d.exists]
        runs = [_run(d.id, d.to_dict()) for d in snapshots]
        return sorted((r for r in runs if r.state in ACTIVE_STATES), key=lambda r: r.opened_at)

    def outcomes(self, run_id: str) -> dict[ExpectedPlayer, PlayerOutcome | None]:
        players = self._expected(run_id)
        with translate_errors(f"run {run_id}"):
            saved = {d.id: d.to_dict() for d in self._outcomes(run_id).get()}
        return {
            player: _outcome(player, saved[key]) if key in saved else None for key, player in players.items()
        }

    def players(self, run_id: str) -> list[ExpectedPlayer]:
        return list(self._expected(run_id).values())

    def _expected(self, run_id: str) -> dict[str, ExpectedPlayer]:
        """Return expected players by document id, in alphabetical order."""
        try:
            players = _players(self._snapshot(run_id).to_dict())
        except NotFound:
            return {}
        return dict(sorted(players.items(), key=lambda item: (item[1].player_lookup, item[1].player_id or 0)))

    def _run(self, run_id: str) -> Any:
        return self._clients.firestore().collection(RUNS).document(run_id)

    def _outcomes(self, run_id: str) -> Any:
        return self._run(run_id).collection(OUTCOMES)

    def _snapshot(self, run_id: str) -> Any:
        with translate_errors(f"run {run_id}"):
            snapshot = self._run(run_id).get()
        if not snapshot.exists:
            raise NotFound(f"run {run_id!r} does not exist")
        return snapshot

    def _create(self, run_id: str, outcomes: dict[str, PlayerOutcome]) -> None:
        """Create the outcomes that do not exist yet; the first outcome of a player is final."""
        collection, keep_until = self._outcomes(run_id), datetime.now(UTC) + KEEP
        while outcomes:
            batch = self._clients.firestore().batch()
            for key, o in outcomes.items():
                fields = {"outcome": o.outcome.text, "systems": json.dumps(dict(o.systems))}
                batch.create(collection.document(key), {**fields, "expire_at": keep_until})
            try:
                batch.commit()
                return
            except AlreadyExists:
                documents = [collection.document(key) for key in outcomes]
                existing = {d.id for d in self._clients.firestore().get_all(documents) if d.exists}
                outcomes = {key: o for key, o in outcomes.items() if key not in existing}

    def _change(self, run_id: str, change: Any, *, ends: bool = False) -> bool:
        """Write the fields that ``change`` returns for the run; return False if it returns None."""
        db = self._clients.firestore()
        for _ in range(MAX_ATTEMPTS):
            snapshot = self._snapshot(run_id)
            fields = change(snapshot.to_dict())
            if fields is None:
                return False
            batch = db.batch()
            batch.update(
                self._run(run_id), fields, option=db.write_option(last_update_time=snapshot.update_time)
            )
            if ends:
                batch.delete(db.collection(UNDER_WAY).document(snapshot.to_dict()["game_date"]))
            with translate_errors(f"run {run_id}"):
                try:
                    batch.commit()
                    return True
                except (FailedPrecondition, Absent):
                    continue
        raise Unavailable(f"run {run_id}: {MAX_ATTEMPTS} attempts to change it conflicted with other writers")


def _players(run: dict[str, Any]) -> dict[str, ExpectedPlayer]:
    """Return expected players by document id.

    ``games`` holds the game by document id, ``player_ids`` the player id. In release 0.1.0, which may run at
    the same time, a document id is the player's name and only ``games`` is read and written.
    """
    ids = json.loads(run.get("player_ids", "{}"))
    return {
        key: ExpectedPlayer(key.removesuffix(f".{ids.get(key)}"), ids.get(key), game)
        for key, game in json.loads(run["games"]).items()
    }


def _with_keys(
    current: dict[str, ExpectedPlayer], players: Sequence[ExpectedPlayer]
) -> dict[str, ExpectedPlayer]:
    """Add the players that are not in ``current``, each under a unique key: the name, followed by the id
    where several players have the same name."""
    present = {_identity(p) for p in current.values()}
    new = {_identity(p): p for p in reversed(players) if _identity(p) not in present}
    name_counts = Counter(p.player_lookup for p in (*current.values(), *new.values()))
    keyed = {
        p.player_lookup if name_counts[p.player_lookup] == 1 else f"{p.player_lookup}.{p.player_id}": p
        for p in new.values()
    }
    return current | keyed


def _identity(player: ExpectedPlayer | PlayerOutcome) -> int | str:
    """Return what identifies a player: the id, in runs of release 0.1.0 the name."""
    return player.player_lookup if player.player_id is None else player.player_id


def _outcome(player: ExpectedPlayer, fields: dict[str, Any]) -> PlayerOutcome:
    systems = json.loads(fields["systems"])
    return PlayerOutcome(player.player_id, player.player_lookup, Outcome.parse(fields["outcome"]), systems)


def _fields(run: Run) -> dict[str, Any]:
    return {
        "game_date": run.game_date.isoformat(),
        "state": run.state.value,
        "opened_at": run.opened_at,
        "request": json.dumps(dict(run.request)),
        "games": "{}",
        "player_ids": "{}",
        "expected": 0,
        "closed_at": None,
        "note": None,
        "expire_at": run.opened_at + KEEP,
    }


def _run(run_id: str, fields: dict[str, Any]) -> Run:
    """Build a run; the client returns instants as its own datetime class, with nanoseconds."""
    closed = fields["closed_at"]
    return Run(
        run_id=run_id,
        game_date=date.fromisoformat(fields["game_date"]),
        state=RunState(fields["state"]),
        opened_at=_instant(fields["opened_at"]),
        expected=fields["expected"],
        request=json.loads(fields["request"]),
        closed_at=_instant(closed) if closed else None,
        note=fields["note"],
    )


def _instant(value: datetime) -> datetime:
    return datetime.fromtimestamp(value.timestamp(), UTC)
