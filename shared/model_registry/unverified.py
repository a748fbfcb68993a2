"""Models without a manifest: how they are recognised, and what is said of them."""

from __future__ import annotations

UNVERIFIED = "unverified-"
"""How the id of a model begins that has no manifest."""


def is_unverified(model_id: str | None) -> bool:
    return model_id is not None and model_id.startswith(UNVERIFIED)


def unverified_warning(system_id: str, model_id: str) -> str:
    """What is said wherever a bare ``.cbm`` serves, with the remedy."""
    return (
        f"WARNING {system_id}: {model_id} is unverified, its file has no manifest that proves what it was "
        f"trained on; put its NAME.manifest.json next to it, or serve a bundle that props train {system_id} "
        "has written"
    )
