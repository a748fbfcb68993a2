"""The worker's environment."""

from __future__ import annotations

from shared.backends import ModelSettings
from shared.identity import IdentitySettings
from shared.limits import LimitSettings


class WorkerSettings(IdentitySettings, LimitSettings, ModelSettings):
    port: int = 8081
    """Port to listen on."""

    required_systems: str | None = None
    """Comma-separated systems without which ``/ready`` stays 503; unset: those whose path is set."""

    def required(self) -> list[str]:
        if self.required_systems is None:
            return sorted(self.model_paths())
        return [s.strip() for s in self.required_systems.split(",") if s.strip()]
