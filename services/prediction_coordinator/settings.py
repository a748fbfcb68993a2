"""The coordinator's environment."""

from __future__ import annotations

from pydantic import Field

from shared.backends import BackendSettings
from shared.web.authentication import IdentitySettings
from shared.web.body_limits import LimitSettings


class CoordinatorSettings(IdentitySettings, LimitSettings, BackendSettings):
    port: int = 8080
    """Port to listen on."""

    run_deadline_minutes: float = 15.0
    """A run whose players have not all reported by then is ended."""

    max_runs_per_hour: int = Field(default=60, gt=0)
    """Runs that are opened over HTTP or by push within an hour, failed ones included; one more is refused."""

    check_stalled_seconds: float = 30.0
    """How often the service looks for such runs itself; 0 where a scheduler calls ``/check-stalled``."""
