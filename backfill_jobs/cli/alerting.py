"""``--alert``: findings told by the webhook, and what became of that as one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from backfill_jobs.cli.framework import warn
from shared.errors import Unavailable

if TYPE_CHECKING:
    from shared.alerting.webhook import Webhook
    from shared.backends import Backend
    from shared.domain.findings import Finding


def webhook() -> Webhook | None:
    """The receiver of the environment, found before any work is done."""
    from shared.alerting.webhook import AlertSettings

    found = AlertSettings().webhook()
    if found is None:
        warn("--alert: ALERT_WEBHOOK_URL is not set, nobody is told")
    return found


def tell(receiver: Webhook, use: Backend, day: date, findings: Sequence[Finding]) -> str:
    """Findings matter more than the news of them: one that cannot be told is a warning."""
    from shared.application.operations.alerts import SendAlerts

    try:
        sent = SendAlerts(receiver, use.documents, use.locks)(day, findings)
    except Unavailable as exc:
        warn(f"not told, the next validation tries again: {exc}")
        return "failed"
    return "sent" if sent else "no news"
