"""Commands that findings suggest; each works in the state that was found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from shared.application.training.recipes import RECIPES

LOAD = "props load DIR"
REASON = '--reason "predictions were missing"'


def train(system: str, game_date: date) -> str:
    """Train for the recipe's length up to four weeks before a date, and evaluate on those four weeks."""
    end = game_date - timedelta(days=29)
    start = end - timedelta(days=RECIPES[system].train_days)
    return (
        f"props train {system} --train-start {start} --train-end {end} "
        f"--eval-start {end + timedelta(days=1)} --eval-end {game_date - timedelta(days=1)}"
    )


def with_model(system: str, path: str, command: str) -> str:
    """Prefix the command with the environment variable of a system's model path."""
    return f"{system.upper()}_MODEL_PATH={path} {command}"


def serve(champion: Mapping[str, Any]) -> str:
    """Start the services with a registered model."""
    return with_model(champion["system_id"], champion["path"], "props serve")


def predict(game_date: date, *, force: bool = False) -> str:
    """Predict the games of a date that have not started."""
    return f"props predict --dates {game_date}" + (" --force" if force else "")


def backfill(game_date: date) -> str:
    """Predict started games, each as of its own cut-off; such rows never count as live."""
    return (
        f"props features build --dates {game_date} --backfill && "
        f"props predict --dates {game_date} --allow-started {REASON}"
    )
