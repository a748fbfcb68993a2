"""Runs in Firestore: one document a run, one a player's outcome, one a game date under way."""

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

from shared.errors import Conflict, NotFound, Unavailable
from shared.gcp.clients import Clients
from shared.gcp.failures import translate_errors
from shared.ports import ACTIVE_STATES, ExpectedPlayer, PlayerOutcome, Run, RunState

RUNS, OUTCOMES, UNDER_WAY = "prediction_runs", "outcomes", "prediction_runs_under_way"
KEEP = timedelta(days=400)
"""How long Firestore keeps a run; its rows and its result stay in the warehouse."""

TRIES = 10
MOST_WRITES = 400
"""Documents in one commit; Firestore takes 500."""


class FirestoreRunStore:
    """Nothing is locked: what may collide is created once, or written on the condition that it has not
    changed since it was read, and read again where it has."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def batched_writes(self) -> AbstractContextManager[None]:
        return nullcontext()

    def open(self, run: Run) -> None:
        db, day = self._clients.firestore(), run.game_date.isoformat()
        under_way = db.collection(UNDER_WAY).document(day)
        batch = db.batch()
        batch.create(under_way, {"run_id": run.run_id, "expire_at": run.opened_at + KEEP})
        batch.create(self._run(run.run_id), _fields(run))
        with translate_errors(f"run {run.run_id}"):
            try:
                batch.commit()
            except AlreadyExists as exc:
                holder = under_way.get().to_dict()
                if holder is None:  # it ended between the two calls
                    raise Unavailable(f"run {run.run_id}: another run of {day} has just ended") from exc
                if holder["run_id"] != run.run_id:
                    raise Conflict(
                        f"a run for {day} is under way: {holder['run_id']}", holder["run_id"]
                    ) from exc

    def expect(self, run_id: str, players: Sequence[ExpectedPlayer]) -> None:
        def named(found: dict[str, Any]) -> dict[str, Any] | None:
            known = _players(found)
            every = _with_keys(known, players)
            if found["state"] not in ACTIVE_STATES or len(every) == len(known):
                return None
            return {
                "games": json.dumps({key: p.game_id for key, p in every.items()}),
                "player_ids": json.dumps({key: p.player_id for key, p in every.items()}),
                "expected": len(every),
            }

        self._change(run_id, named)

    def advance(
        self, run_id: str, from_states: Sequence[RunState], to: RunState, *, note: str | None = None
    ) -> bool:
        closed = None if to in ACTIVE_STATES else datetime.now(UTC)

        def moved(found: dict[str, Any]) -> dict[str, Any] | None:
            if found["state"] not in from_states:
                return None
            said = {} if note is None else {"note": note}
            return {"state": to.value, "closed_at": closed, **said}

        return self._change(run_id, moved, ends=closed is not None)

    def record(self, run_id: str, outcomes: Sequence[PlayerOutcome]) -> int:
        expected = _players(self._found(run_id).to_dict())
        keys = {_identity(p): key for key, p in expected.items()}
        found = [(keys.get(_identity(o)), o) for o in reversed(outcomes)]
        new = {key: o for key, o in found if key is not None}
        with translate_errors(f"run {run_id}"):
            names = list(new)
            for at in range(0, len(names), MOST_WRITES):
                self._create(run_id, {n: new[n] for n in names[at : at + MOST_WRITES]})
            there = self._outcomes(run_id).count().get()
        return len(expected) - int(there[0][0].value)

    def get(self, run_id: str) -> Run:
        return _run(run_id, self._found(run_id).to_dict())

    def runs(self, *, game_date: date | None = None, limit: int = 50) -> list[Run]:
        query = self._clients.firestore().collection(RUNS)
        if game_date is not None:
            query = query.where(filter=FieldFilter("game_date", "==", game_date.isoformat()))
        with translate_errors("runs"):
            found = query.order_by("opened_at", direction="DESCENDING").limit(limit).get()
        return [_run(d.id, d.to_dict()) for d in found]

    def active_runs(self) -> list[Run]:
        db = self._clients.firestore()
        with translate_errors("runs under way"):
            named = [d.to_dict()["run_id"] for d in db.collection(UNDER_WAY).stream()]
            there = [d for d in db.get_all([self._run(n) for n in named]) if d.exists]
        found = [_run(d.id, d.to_dict()) for d in there]
        return sorted((r for r in found if r.state in ACTIVE_STATES), key=lambda r: r.opened_at)

    def outcomes(self, run_id: str) -> dict[ExpectedPlayer, PlayerOutcome | None]:
        players = self._expected(run_id)
        with translate_errors(f"run {run_id}"):
            found = {d.id: d.to_dict() for d in self._outcomes(run_id).get()}
        return {
            player: _outcome(player, found[key]) if key in found else None for key, player in players.items()
        }

    def players(self, run_id: str) -> list[ExpectedPlayer]:
        return list(self._expected(run_id).values())

    def _expected(self, run_id: str) -> dict[str, ExpectedPlayer]:
        """Expected players by the id of their document, in alphabetical order."""
        try:
            players = _players(self._found(run_id).to_dict())
        except NotFound:
            return {}
        return dict(sorted(players.items(), key=lambda of: (of[1].player_lookup, of[1].player_id or 0)))

    def _run(self, run_id: str) -> Any:
        return self._clients.firestore().collection(RUNS).document(run_id)

    def _outcomes(self, run_id: str) -> Any:
        return self._run(run_id).collection(OUTCOMES)

    def _found(self, run_id: str) -> Any:
        with translate_errors(f"run {run_id}"):
            found = self._run(run_id).get()
        if not found.exists:
            raise NotFound(f"run {run_id!r} does not exist")
        return found

    def _create(self, run_id: str, new: dict[str, PlayerOutcome]) -> None:
        """Create the outcomes that are not there yet; the first of a player stands."""
        collection, keep_until = self._outcomes(run_id), datetime.now(UTC) + KEEP
        while new:
            batch = self._clients.firestore().batch()
            for key, o in new.items():
                fields = {"outcome": o.outcome, "systems": json.dumps(dict(o.systems))}
                batch.create(collection.document(key), {**fields, "expire_at": keep_until})
            try:
                batch.commit()
                return
            except AlreadyExists:
                asked = [collection.document(key) for key in new]
                there = {d.id for d in self._clients.firestore().get_all(asked) if d.exists}
                new = {key: o for key, o in new.items() if key not in there}

    def _change(self, run_id: str, change: Any, *, ends: bool = False) -> bool:
        """Write what ``change`` makes of the run, unless that is None; tell whether it was written."""
        db = self._clients.firestore()
        for _ in range(TRIES):
            found = self._found(run_id)
            fields = change(found.to_dict())
            if fields is None:
                return False
            batch = db.batch()
            batch.update(
                self._run(run_id), fields, option=db.write_option(last_update_time=found.update_time)
            )
            if ends:
                batch.delete(db.collection(UNDER_WAY).document(found.to_dict()["game_date"]))
            with translate_errors(f"run {run_id}"):
                try:
                    batch.commit()
                    return True
                except (FailedPrecondition, Absent):
                    continue
        raise Unavailable(f"run {run_id}: changed by others {TRIES} times while it was to be changed")


def _players(run: dict[str, Any]) -> dict[str, ExpectedPlayer]:
    """Expected players by the id of their document.

    ``games`` holds the game by a document's id, which was the player's spelling: release 0.1.0 writes and
    reads nothing else, also while both releases serve. ``player_ids`` holds the player's id by the same.
    """
    ids = json.loads(run.get("player_ids", "{}"))
    return {
        key: ExpectedPlayer(key.removesuffix(f".{ids.get(key)}"), ids.get(key), game)
        for key, game in json.loads(run["games"]).items()
    }


def _with_keys(
    known: dict[str, ExpectedPlayer], players: Sequence[ExpectedPlayer]
) -> dict[str, ExpectedPlayer]:
    """``known`` and the players who are not among them, each under a key of his own: his spelling, and with
    his id where another has the same."""
    there = {_identity(p) for p in known.values()}
    new = {_identity(p): p for p in reversed(players) if _identity(p) not in there}
    spelled = Counter(p.player_lookup for p in (*known.values(), *new.values()))
    keyed = {
        p.player_lookup if spelled[p.player_lookup] == 1 else f"{p.player_lookup}.{p.player_id}": p
        for p in new.values()
    }
    return known | keyed


def _identity(player: ExpectedPlayer | PlayerOutcome) -> int | str:
    """What tells a player from others: his id, in runs of release 0.1.0 his spelling."""
    return player.player_lookup if player.player_id is None else player.player_id


def _outcome(player: ExpectedPlayer, fields: dict[str, Any]) -> PlayerOutcome:
    systems = json.loads(fields["systems"])
    return PlayerOutcome(player.player_id, player.player_lookup, fields["outcome"], systems)


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
    """Instants come as the client's own kind of datetime, with nanoseconds."""
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
