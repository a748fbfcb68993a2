"""The worker's environment."""

from __future__ import annotations

from shared.backends import BackendSettings


class WorkerSettings(BackendSettings):
    port: int = 8081
    """Port on 127.0.0.1."""

    catboost_v9_model_path: str | None = None
    """Path of the V9 bundle's ``.cbm``; unset turns the system off."""

    catboost_v9_2026_02_model_path: str | None = None
    """Path of the monthly V9 bundle; unset turns the system off."""

    catboost_v8_model_path: str | None = None
    """Path of the V8 bundle; unset turns the system off."""

    model_sha256: str | None = None
    """The hash that the V9 model must have; unset accepts what its manifest says."""

    required_systems: str | None = None
    """Comma-separated systems without which ``/ready`` stays 503; unset: those whose path is set."""

    def model_paths(self) -> dict[str, str]:
        """Path by system, for the systems that are configured."""
        paths = {
            "catboost_v8": self.catboost_v8_model_path,
            "catboost_v9": self.catboost_v9_model_path,
            "catboost_v9_2026_02": self.catboost_v9_2026_02_model_path,
        }
        return {system: path for system, path in paths.items() if path}

    def required(self) -> list[str]:
        if self.required_systems is None:
            return sorted(self.model_paths())
        return [s.strip() for s in self.required_systems.split(",") if s.strip()]
