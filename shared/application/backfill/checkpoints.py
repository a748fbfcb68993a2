"""Progress of a job over many game dates: after a kill, the same command continues where it stopped."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from shared.ports import Documents

JOBS = "jobs"
RUNNING, ENDED = "running", "ended"


class Checkpoint:
    """One document per job name and arguments. ``job_id`` identifies one execution: a killed execution keeps
    its id when the command is repeated, a finished one does not."""

    def __init__(self, documents: Documents, name: str, arguments: Mapping[str, Any], resume: bool) -> None:
        self._documents = documents
        text = json.dumps([name, dict(arguments)], sort_keys=True)
        self._key = f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        stored = documents.get(JOBS, self._key)
        if resume and stored is not None and stored["state"] == RUNNING:
            self.job_id, self.resumed = str(stored["job_id"]), True
            return
        self.job_id, self.resumed = secrets.token_hex(6), False
        documents.merge(
            JOBS,
            self._key,
            {
                "job_id": self.job_id,
                "name": name,
                "arguments": dict(arguments),
                "state": RUNNING,
                "started_at": datetime.now(UTC).isoformat(),
            },
        )

    def recorded_results(self, days: Sequence[date]) -> dict[date, dict[str, Any]]:
        """Return this execution's stored results of those dates that have ended."""
        fields = self._documents.get(JOBS, self._key) or {}
        entries = {day: fields.get(day.isoformat()) for day in days}
        return {d: e["result"] for d, e in entries.items() if e is not None and e["job_id"] == self.job_id}

    def write(self, results: Mapping[date, Mapping[str, Any]]) -> None:
        """Store the results of several dates in one write."""
        fields = {
            day.isoformat(): {"job_id": self.job_id, "result": dict(result)}
            for day, result in results.items()
        }
        self._documents.merge(JOBS, self._key, fields)

    def end(self) -> None:
        """End this execution; an execution started since is left unchanged."""
        if (self._documents.get(JOBS, self._key) or {}).get("job_id") == self.job_id:
            fields = {"state": ENDED, "ended_at": datetime.now(UTC).isoformat()}
            self._documents.merge(JOBS, self._key, fields)


def list_executions(documents: Documents, name: str) -> list[dict[str, Any]]:
    """Return the executions of a job, newest first: arguments, state and the result of each date."""
    executions = []
    for fields in documents.get_all(JOBS).values():
        if fields["name"] != name:
            continue
        dates = {
            key: value["result"]
            for key, value in sorted(fields.items())
            if isinstance(value, dict) and value.get("job_id") == fields["job_id"]
        }
        copied_fields = ("job_id", "arguments", "state", "started_at", "ended_at")
        executions.append({**{k: fields.get(k) for k in copied_fields}, "dates": dates})
    return sorted(executions, key=lambda execution: str(execution["started_at"]), reverse=True)
