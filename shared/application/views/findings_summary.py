"""A one-sentence summary of findings, with the commands that fix them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.findings import EXIT, Finding, Severity, worst


@dataclass(frozen=True)
class Remedy:
    """A command, and the number of findings that it fixes."""

    command: str
    findings: int


@dataclass(frozen=True)
class FindingsSummary:
    """``findings`` are ordered from the most severe to the least severe."""

    severity: Severity
    sentence: str
    remedies: tuple[Remedy, ...]
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if EXIT[f.severity])


def summarize_findings(findings: Sequence[Finding]) -> FindingsSummary:
    ordered = sorted(findings, key=lambda f: (-EXIT[f.severity], f.severity is not Severity.INFO))
    remedies: dict[str, int] = {}
    for finding in ordered:
        if EXIT[finding.severity] and finding.remedy:
            remedies[finding.remedy] = remedies.get(finding.remedy, 0) + 1
    return FindingsSummary(
        severity=worst(findings),
        sentence=_sentence(ordered),
        remedies=tuple(Remedy(command, n) for command, n in remedies.items()),
        findings=tuple(ordered),
    )


def _sentence(ordered: Sequence[Finding]) -> str:
    """Count the critical findings and the warnings, and describe the first one."""
    critical, warnings = (
        sum(f.severity is level for f in ordered) for level in (Severity.CRITICAL, Severity.WARNING)
    )
    if not critical and not warnings:
        return _sentence_without_problems(ordered)
    counts = [f"{critical} critical"] if critical else []
    counts += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
    return f"{' and '.join(counts)}. First: {_describe(ordered[0])}."


def _sentence_without_problems(ordered: Sequence[Finding]) -> str:
    """Describe findings without a problem; checks without a verdict are counted apart from passed ones."""
    undecided = [f for f in ordered if f.severity is Severity.INFO]
    passed = len(ordered) - len(undecided)
    if not undecided:
        return f"All {passed} checks passed."
    counts = f"{passed} check{'s' * (passed != 1)} passed, {len(undecided)} could not be checked"
    return f"No problem so far: {counts}. First: {_describe(undecided[0])}."


def _describe(finding: Finding) -> str:
    return f"{finding.check.replace(':', ', ')}: {finding.evidence}"
