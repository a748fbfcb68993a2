"""Findings in one sentence, with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.application.findings import EXIT, Finding, Severity, worst


@dataclass(frozen=True)
class Remedy:
    """A command and how many findings it is named for."""

    command: str
    findings: int


@dataclass(frozen=True)
class Judged:
    """``findings``: the worst first."""

    severity: Severity
    sentence: str
    remedies: tuple[Remedy, ...]
    findings: tuple[Finding, ...]

    @property
    def troubles(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if EXIT[f.severity])


def judged(findings: Sequence[Finding]) -> Judged:
    ordered = sorted(findings, key=lambda f: (-EXIT[f.severity], f.severity is not Severity.INFO))
    remedies: dict[str, int] = {}
    for finding in ordered:
        if EXIT[finding.severity] and finding.remedy:
            remedies[finding.remedy] = remedies.get(finding.remedy, 0) + 1
    return Judged(
        severity=worst(findings),
        sentence=_sentence(ordered),
        remedies=tuple(Remedy(command, n) for command, n in remedies.items()),
        findings=tuple(ordered),
    )


def _sentence(ordered: Sequence[Finding]) -> str:
    """The worst findings are counted, the first of them said in full."""
    critical, warnings = (
        sum(f.severity is level for f in ordered) for level in (Severity.CRITICAL, Severity.WARNING)
    )
    if not critical and not warnings:
        return f"All is well: {len(ordered)} checks have nothing to mend."
    told = [f"{critical} critical"] if critical else []
    told += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
    first = ordered[0]
    return f"{' and '.join(told)}. First: {first.check.replace(':', ', ')}: {first.evidence}."
