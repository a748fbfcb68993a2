"""Sends the findings of the daily validation as alerts: once, and again only if they change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from shared.domain.findings import EXIT, Finding, Severity, worst
from shared.ports import Alerts, Documents, Locks

COLLECTION = "alerts_told"
WAIT_SECONDS = 30.0
"""Wait for a concurrent alert of the same game date; it takes at most its receiver's timeout."""

LINES, EVIDENCE = 20, 300
"""Maximum findings and characters of evidence in the text; ``findings`` has everything."""


class Change(StrEnum):
    NEW = "new"
    WORSE = "worse"
    KNOWN = "known"


@dataclass(frozen=True)
class AlertDiff:
    """The findings of a game date compared with those already sent."""

    game_date: date
    findings: Mapping[str, tuple[Change, Finding]]
    """By check, the worst finding that is a warning or critical."""

    resolved: Mapping[str, Severity]
    """Findings that were sent before and have disappeared."""

    @property
    def has_changes(self) -> bool:
        return bool(self.resolved) or any(change is not Change.KNOWN for change, _ in self.findings.values())


class SendAlerts:
    """Sends one message per game date if a finding is new, worse than the one sent, or resolved.

    The store keeps the findings of the last delivered message. An improvement alone sends no message and
    does not change them. The next validation sends an undelivered message again, and also a delivered one
    that the store failed to record.
    """

    def __init__(self, alerts: Alerts, documents: Documents, locks: Locks) -> None:
        self._alerts, self._documents, self._locks = alerts, documents, locks

    def __call__(self, game_date: date, findings: Iterable[Finding]) -> bool:
        """Return whether a message was sent. ``Unavailable`` if one was due and could not be sent."""
        key = game_date.isoformat()
        with self._locks.hold(f"alerts-{key}", WAIT_SECONDS):
            stored = self._documents.get(COLLECTION, key) or {}
            previous = {check: Severity(name) for check, name in stored.get("told", {}).items()}
            diff = diff_alerts(game_date, findings, previous)
            if not diff.has_changes:
                return False
            self._alerts.send(message(diff))
            sent_now = {check: f.severity.value for check, (_, f) in diff.findings.items()}
            fields = {"told": sent_now, "told_at": datetime.now(UTC).isoformat()}
            self._documents.merge(COLLECTION, key, fields)
        return True


def diff_alerts(game_date: date, findings: Iterable[Finding], previous: Mapping[str, Severity]) -> AlertDiff:
    alerts: dict[str, Finding] = {}
    for f in findings:
        if EXIT[f.severity] and (f.check not in alerts or EXIT[f.severity] > EXIT[alerts[f.check].severity]):
            alerts[f.check] = f
    return AlertDiff(
        game_date,
        {check: (_compare_severity(f, previous.get(check)), f) for check, f in alerts.items()},
        {check: severity for check, severity in previous.items() if check not in alerts},
    )


def message(diff: AlertDiff) -> dict[str, Any]:
    """Build the message: ``text`` for people, the other fields for programs."""
    findings = [f for _, f in diff.findings.values()]
    return {
        "text": "\n".join(_format_lines(diff)),
        "severity": worst(findings).value,
        "game_date": diff.game_date.isoformat(),
        "findings": [asdict(f) for f in findings],
        "resolved": list(diff.resolved),
    }


def _format_lines(diff: AlertDiff) -> list[str]:
    """Return the lines: worst finding first, changed before unchanged ones; resolved findings last."""
    ranked = sorted(
        diff.findings.values(), key=lambda pair: (-EXIT[pair[1].severity], pair[0] is Change.KNOWN)
    )
    lines = [_format_heading(diff)]
    for change, f in ranked[:LINES]:
        suffix = "" if change is Change.KNOWN else f" ({change.value})"
        lines.append(f"{f.severity.value} {f.check}{suffix}: {_shorten(f.evidence)}")
        if f.remedy:
            lines.append(f"    {f.remedy}")
    if len(ranked) > LINES:
        lines.append(f"and {len(ranked) - LINES} more")
    return [*lines, *(f"resolved: {check}, was {was.value}" for check, was in diff.resolved.items())]


def _format_heading(diff: AlertDiff) -> str:
    findings = [f for _, f in diff.findings.values()]
    counts = [f"{len(findings)} finding{'s' * (len(findings) != 1)}"] if findings else []
    if diff.resolved:
        counts.append(f"{len(diff.resolved)} resolved")
    return f"Daily validation of {diff.game_date}: {worst(findings).value}, {', '.join(counts)}"


def _compare_severity(finding: Finding, previous: Severity | None) -> Change:
    if previous is None:
        return Change.NEW
    return Change.WORSE if EXIT[finding.severity] > EXIT[previous] else Change.KNOWN


def _shorten(evidence: str) -> str:
    return evidence if len(evidence) <= EVIDENCE else f"{evidence[: EVIDENCE - 1]}…"
