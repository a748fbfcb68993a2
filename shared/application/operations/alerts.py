"""Tells people what the daily validation found: once, and again only when there is news."""

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
"""For another run that tells of the same game date: it needs no longer than its receiver may take."""

LINES, EVIDENCE = 20, 300
"""What of a long message its text shows; ``findings`` has everything."""


class Change(StrEnum):
    NEW = "new"
    WORSE = "worse"
    KNOWN = "known"


@dataclass(frozen=True)
class AlertDiff:
    """What there is to tell of a game date, beside what was told before."""

    game_date: date
    findings: Mapping[str, tuple[Change, Finding]]
    """Those that are bad, by check; of two under one name the worse."""

    resolved: Mapping[str, Severity]
    """What was told and is gone."""

    @property
    def has_changes(self) -> bool:
        return bool(self.resolved) or any(news is not Change.KNOWN for news, _ in self.findings.values())


class SendAlerts:
    """One message a game date, sent when a finding is new, worse than was told, or gone.

    What is kept is what people were told: an improvement that is not worth a message leaves it alone, and
    so does a message that did not arrive, which comes again with the next validation. Where the receiver
    took a message and the store could not keep that, it is sent once more.
    """

    def __init__(self, alerts: Alerts, documents: Documents, locks: Locks) -> None:
        self._alerts, self._documents, self._locks = alerts, documents, locks

    def __call__(self, game_date: date, findings: Iterable[Finding]) -> bool:
        """Say whether a message was sent; ``Unavailable`` where one was due and could not be."""
        key = game_date.isoformat()
        with self._locks.hold(f"alerts-{key}", WAIT_SECONDS):
            kept = self._documents.get(COLLECTION, key) or {}
            told = {check: Severity(name) for check, name in kept.get("told", {}).items()}
            diff = diff_alerts(game_date, findings, told)
            if not diff.has_changes:
                return False
            self._alerts.send(message(diff))
            now_known = {check: f.severity.value for check, (_, f) in diff.findings.items()}
            fields = {"told": now_known, "told_at": datetime.now(UTC).isoformat()}
            self._documents.merge(COLLECTION, key, fields)
        return True


def diff_alerts(game_date: date, findings: Iterable[Finding], told: Mapping[str, Severity]) -> AlertDiff:
    bad: dict[str, Finding] = {}
    for f in findings:
        if EXIT[f.severity] and (f.check not in bad or EXIT[f.severity] > EXIT[bad[f.check].severity]):
            bad[f.check] = f
    return AlertDiff(
        game_date,
        {check: (_change(f, told.get(check)), f) for check, f in bad.items()},
        {check: severity for check, severity in told.items() if check not in bad},
    )


def message(diff: AlertDiff) -> dict[str, Any]:
    """``text`` for a person, the rest for a program."""
    findings = [f for _, f in diff.findings.values()]
    return {
        "text": "\n".join(_lines(diff)),
        "severity": worst(findings).value,
        "game_date": diff.game_date.isoformat(),
        "findings": [asdict(f) for f in findings],
        "resolved": list(diff.resolved),
    }


def _lines(diff: AlertDiff) -> list[str]:
    """The worst first, of equals what is news first; then what is gone."""
    ranked = sorted(
        diff.findings.values(), key=lambda told: (-EXIT[told[1].severity], told[0] is Change.KNOWN)
    )
    lines = [_heading(diff)]
    for news, f in ranked[:LINES]:
        again = "" if news is Change.KNOWN else f" ({news.value})"
        lines.append(f"{f.severity.value} {f.check}{again}: {_short(f.evidence)}")
        if f.remedy:
            lines.append(f"    {f.remedy}")
    if len(ranked) > LINES:
        lines.append(f"and {len(ranked) - LINES} more")
    return [*lines, *(f"resolved: {check}, was {was.value}" for check, was in diff.resolved.items())]


def _heading(diff: AlertDiff) -> str:
    findings = [f for _, f in diff.findings.values()]
    counts = [f"{len(findings)} finding{'s' * (len(findings) != 1)}"] if findings else []
    if diff.resolved:
        counts.append(f"{len(diff.resolved)} resolved")
    return f"Daily validation of {diff.game_date}: {worst(findings).value}, {', '.join(counts)}"


def _change(found: Finding, told: Severity | None) -> Change:
    if told is None:
        return Change.NEW
    return Change.WORSE if EXIT[found.severity] > EXIT[told] else Change.KNOWN


def _short(evidence: str) -> str:
    return evidence if len(evidence) <= EVIDENCE else f"{evidence[: EVIDENCE - 1]}…"
