"""Whether a game date is fine, in one sentence with what to do, and everything behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from shared.application.findings import EXIT, Finding, Severity, critical, worst
from shared.application.validation.daily import ValidateDaily
from shared.domain.instants import eastern_date
from shared.errors import Unavailable
from shared.ports import Clock

SECONDS = 60.0
"""How long an answer is given again: the checks take a second or two and are asked by every visitor."""

REMEMBERED = 8


@dataclass(frozen=True)
class Remedy:
    """A command and how many findings it is named for."""

    command: str
    findings: int


@dataclass(frozen=True)
class DayFindings:
    """``checked_at`` is real time. ``findings``: the worst first. ``away``: why nothing could be checked."""

    game_date: date
    checked_at: datetime
    severity: Severity
    sentence: str
    remedies: tuple[Remedy, ...]
    findings: tuple[Finding, ...]
    away: tuple[str, ...] = ()

    @property
    def troubles(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if EXIT[f.severity])


class FindDay:
    """Runs the daily validation, for one caller at a time, and remembers what it said for a minute."""

    def __init__(self, validate: ValidateDaily, clock: Clock) -> None:
        self._validate, self._clock = validate, clock
        self._lock = threading.Lock()
        self._known: dict[date, tuple[float, DayFindings]] = {}

    def __call__(self, game_date: date | None = None, *, again: bool = False) -> DayFindings:
        """``again`` asks anew whatever is remembered. That the checks cannot be made is a finding, which is
        not remembered."""
        day = game_date or eastern_date(self._clock.now())
        with self._lock:
            until, found = self._known.pop(day, (0.0, None))
            if found is None or again or time.monotonic() >= until:
                try:
                    until, found = time.monotonic() + SECONDS, judged(day, self._validate(day))
                except Unavailable as exc:
                    cannot = critical("checks", f"cannot be made: {exc}", "props doctor")
                    return replace(judged(day, [cannot]), away=(str(exc),))
            self._known = {**dict(list(self._known.items())[1 - REMEMBERED :]), day: (until, found)}
            return found


def judged(day: date, findings: Sequence[Finding]) -> DayFindings:
    ordered = sorted(findings, key=lambda f: (-EXIT[f.severity], f.severity is not Severity.INFO))
    remedies: dict[str, int] = {}
    for finding in ordered:
        if EXIT[finding.severity] and finding.remedy:
            remedies[finding.remedy] = remedies.get(finding.remedy, 0) + 1
    return DayFindings(
        game_date=day,
        checked_at=datetime.now(UTC),
        severity=worst(findings),
        sentence=_sentence(ordered),
        remedies=tuple(Remedy(command, n) for command, n in remedies.items()),
        findings=tuple(ordered),
    )


def _sentence(ordered: Sequence[Finding]) -> str:
    """The worst findings are counted, the first of them said in full."""
    counts = {s: sum(f.severity is s for f in ordered) for s in (Severity.CRITICAL, Severity.WARNING)}
    if not any(counts.values()):
        return f"All is well: {len(ordered)} checks have nothing to mend."
    critical, warnings = counts.values()
    told = [f"{critical} critical"] if critical else []
    told += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
    first = ordered[0]
    return f"{' and '.join(told)}. First: {first.check.replace(':', ', ')}: {first.evidence}."
