"""Findings of the daily validation and their severity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    OK = "OK"
    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


EXIT = {Severity.OK: 0, Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True)
class Finding:
    """The result of one check. ``remedy`` is a command, None if nothing needs to be done."""

    check: str
    severity: Severity
    evidence: str
    remedy: str | None = None


def ok(check: str, evidence: str) -> Finding:
    return Finding(check, Severity.OK, evidence)


def info(check: str, evidence: str, remedy: str | None = None) -> Finding:
    """Build a finding that is not a fault: not due yet, or nothing to check."""
    return Finding(check, Severity.INFO, evidence, remedy)


def warning(check: str, evidence: str, remedy: str | None = None) -> Finding:
    return Finding(check, Severity.WARNING, evidence, remedy)


def critical(check: str, evidence: str, remedy: str | None = None) -> Finding:
    return Finding(check, Severity.CRITICAL, evidence, remedy)


def worst(findings: Iterable[Finding]) -> Severity:
    return max(
        (f.severity for f in findings), key=lambda s: (EXIT[s], s is Severity.INFO), default=Severity.OK
    )
