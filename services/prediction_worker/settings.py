"""The worker's environment."""

from __future__ import annotations

from shared.backends import ModelSettings
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.web.authentication import IdentitySettings
from shared.web.body_limits import LimitSettings


class WorkerSettings(IdentitySettings, LimitSettings, ModelSettings):
    port: int = 8081
    """Port to listen on."""

    required_systems: str | None = None
    """Comma-separated systems without which ``/ready`` stays 503. Unset: on Google Cloud all that have a
    model, so that a lost variable cannot pass silently; elsewhere those whose path is set."""

    def required(self) -> list[str]:
        if self.required_systems is None:
            return sorted(MODEL_SYSTEMS if self.props_backend == "gcp" else self.model_paths())
        return [s.strip() for s in self.required_systems.split(",") if s.strip()]
