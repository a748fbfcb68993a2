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


class News(StrEnum):
    NEW = "new"
    WORSE = "worse"
    KNOWN = "known"


@dataclass(frozen=True)
class Account:
    """What there is to tell of a game date, beside what was told before."""

    game_date: date
    findings: Mapping[str, tuple[News, Finding]]
    """Those that are bad, by check; of two under one name the worse."""

    resolved: Mapping[str, Severity]
    """What was told and is gone."""

    @property
    def is_news(self) -> bool:
        return bool(self.resolved) or any(news is not News.KNOWN for news, _ in self.findings.values())


class TellFindings:
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
            account = account_of(game_date, findings, told)
            if not account.is_news:
                return False
            self._alerts.send(message(account))
            now_known = {check: f.severity.value for check, (_, f) in account.findings.items()}
            fields = {"told": now_known, "told_at": datetime.now(UTC).isoformat()}
            self._documents.merge(COLLECTION, key, fields)
        return True


def account_of(game_date: date, findings: Iterable[Finding], told: Mapping[str, Severity]) -> Account:
    bad: dict[str, Finding] = {}
    for f in findings:
        if EXIT[f.severity] and (f.check not in bad or EXIT[f.severity] > EXIT[bad[f.check].severity]):
            bad[f.check] = f
    return Account(
        game_date,
        {check: (_news(f, told.get(check)), f) for check, f in bad.items()},
        {check: severity for check, severity in told.items() if check not in bad},
    )


def message(account: Account) -> dict[str, Any]:
    """``text`` for a person, the rest for a program."""
    findings = [f for _, f in account.findings.values()]
    return {
        "text": "\n".join(_lines(account)),
        "severity": worst(findings).value,
        "game_date": account.game_date.isoformat(),
        "findings": [asdict(f) for f in findings],
        "resolved": list(account.resolved),
    }


def _lines(account: Account) -> list[str]:
    """The worst first, of equals what is news first; then what is gone."""
    ranked = sorted(
        account.findings.values(), key=lambda told: (-EXIT[told[1].severity], told[0] is News.KNOWN)
    )
    lines = [_heading(account)]
    for news, f in ranked[:LINES]:
        again = "" if news is News.KNOWN else f" ({news.value})"
        lines.append(f"{f.severity.value} {f.check}{again}: {_short(f.evidence)}")
        if f.remedy:
            lines.append(f"    {f.remedy}")
    if len(ranked) > LINES:
        lines.append(f"and {len(ranked) - LINES} more")
    return [*lines, *(f"resolved: {check}, was {was.value}" for check, was in account.resolved.items())]


def _heading(account: Account) -> str:
    findings = [f for _, f in account.findings.values()]
    counts = [f"{len(findings)} finding{'s' * (len(findings) != 1)}"] if findings else []
    if account.resolved:
        counts.append(f"{len(account.resolved)} resolved")
    return f"Daily validation of {account.game_date}: {worst(findings).value}, {', '.join(counts)}"


def _news(found: Finding, told: Severity | None) -> News:
    if told is None:
        return News.NEW
    return News.WORSE if EXIT[found.severity] > EXIT[told] else News.KNOWN


def _short(evidence: str) -> str:
    return evidence if len(evidence) <= EVIDENCE else f"{evidence[: EVIDENCE - 1]}…"
