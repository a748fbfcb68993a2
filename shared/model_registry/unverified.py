"""Models without a manifest: their id prefix and their warning."""

from __future__ import annotations

UNVERIFIED = "unverified-"
"""Prefix of the id of a model without a manifest."""


def is_unverified(model_id: str | None) -> bool:
    return model_id is not None and model_id.startswith(UNVERIFIED)


def unverified_warning(system_id: str, model_id: str) -> str:
    """Return the warning for a served model without a manifest, with the remedy."""
    return (
        f"WARNING {system_id}: {model_id} is unverified: it has no manifest that proves its training data; "
        f"put its NAME.manifest.json next to it, or serve a bundle from props train {system_id}"
    )
