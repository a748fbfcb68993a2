"""Option ``--alert``: send findings to a webhook and report the status of the sending."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from backfill_jobs.cli.output import warn
from shared.errors import Unavailable

if TYPE_CHECKING:
    from shared.alerting.webhook import Webhook
    from shared.backends import Backend
    from shared.domain.findings import Finding


def configured_webhook() -> Webhook | None:
    """Return the webhook of the environment; None, with a warning, if it is not set. Call before any work."""
    from shared.alerting.webhook import AlertSettings

    webhook = AlertSettings().webhook()
    if webhook is None:
        warn("--alert: ALERT_WEBHOOK_URL is not set, no alert is sent")
    return webhook


def send_alerts(webhook: Webhook, backend: Backend, day: date, findings: Sequence[Finding]) -> str:
    """Send the findings of a date; a failure to send is only a warning, since the findings matter more."""
    from shared.application.operations.alerts import SendAlerts

    try:
        was_sent = SendAlerts(webhook, backend.documents, backend.locks)(day, findings)
    except Unavailable as exc:
        warn(f"alert not sent, the next validation tries again: {exc}")
        return "failed"
    return "sent" if was_sent else "no news"
