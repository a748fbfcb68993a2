"""The console as it is wired, over the fortnight that was predicted and graded."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from services.prediction_coordinator.app import build
from services.prediction_coordinator.main import make
from services.prediction_coordinator.settings import CoordinatorSettings
from shared.backends import connect
from shared.embedded.sample_league import AFTER_GAMES
from tests.services.clients import ask
from tests.services.console.reading import Page

OURS = {"sec-fetch-site": "same-origin"}


class Console:
    def __init__(self, home: Path) -> None:
        settings = CoordinatorSettings(props_home=home, props_now=AFTER_GAMES.isoformat())
        self.coordinator = make(settings, connect(settings), ThreadPoolExecutor(1))
        self.app = build(self.coordinator)

    def get(self, path: str) -> httpx.Response:
        return ask(self.app, "GET", path)

    def post(self, path: str, **fields: str) -> httpx.Response:
        return ask(self.app, "POST", path, data=fields, headers=OURS)

    def page(self, path: str, status: int = 200) -> Page:
        answer = self.get(path)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        return Page(answer.text)

    def rows(self, path: str) -> list[dict[str, Any]]:
        """A table as CSV, each row by its columns."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        return list(csv.DictReader(answer.text.splitlines()))
