"""Environment variables of the coordinator."""

from __future__ import annotations

from pydantic import Field

from shared.backends import BackendSettings
from shared.web.authentication import AuthSettings
from shared.web.body_limits import LimitSettings


class CoordinatorSettings(AuthSettings, LimitSettings, BackendSettings):
    port: int = 8080
    """Port to listen on."""

    run_deadline_minutes: float = 15.0
    """A run is ended if not all players have an outcome after this time."""

    max_runs_per_hour: int = Field(default=60, gt=0)
    """Maximum number of runs opened over HTTP or by push within an hour, failed ones included."""

    check_stalled_seconds: float = 30.0
    """Seconds between two checks for runs past their deadline; 0 if a scheduler calls ``/check-stalled``."""
