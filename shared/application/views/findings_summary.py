"""Findings in one sentence, with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.findings import EXIT, Finding, Severity, worst


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
        return _without_troubles(ordered)
    told = [f"{critical} critical"] if critical else []
    told += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
    return f"{' and '.join(told)}. First: {_in_words(ordered[0])}."


def _without_troubles(ordered: Sequence[Finding]) -> str:
    """That nothing is wrong is not that all is well: what could not be judged is counted as well."""
    open_questions = [f for f in ordered if f.severity is Severity.INFO]
    passed = len(ordered) - len(open_questions)
    if not open_questions:
        return f"All {passed} checks passed."
    counts = f"{passed} check{'s' * (passed != 1)} passed, {len(open_questions)} could not be judged"
    return f"Nothing is wrong so far: {counts}. First: {_in_words(open_questions[0])}."


def _in_words(finding: Finding) -> str:
    return f"{finding.check.replace(':', ', ')}: {finding.evidence}"
