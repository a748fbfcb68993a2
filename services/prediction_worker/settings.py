"""Environment variables of the worker."""

from __future__ import annotations

from shared.backends import ModelSettings
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.web.authentication import AuthSettings
from shared.web.body_limits import LimitSettings


class WorkerSettings(AuthSettings, LimitSettings, ModelSettings):
    port: int = 8081
    """Port to listen on."""

    required_systems: str | None = None
    """Comma-separated systems that ``/ready`` requires; it responds 503 until all are loaded. Unset: on
    Google Cloud every system with a model, so that a lost variable is noticed; else those with a path."""

    def required(self) -> list[str]:
        if self.required_systems is None:
            return sorted(MODEL_SYSTEMS if self.props_backend == "gcp" else self.model_paths())
        return [s.strip() for s in self.required_systems.split(",") if s.strip()]
