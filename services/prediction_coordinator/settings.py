"""The coordinator's environment."""

from __future__ import annotations

from shared.backends import BackendSettings


class CoordinatorSettings(BackendSettings):
    port: int = 8080
    """Port on 127.0.0.1."""

    run_deadline_minutes: float = 15.0
    """A run whose players have not all reported by then is ended."""

    check_stalled_seconds: float = 30.0
    """How often the service looks for such runs itself; 0 where a scheduler calls ``/check-stalled``."""
