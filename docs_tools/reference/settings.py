"""Reference page of the environment variables, from the settings classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from backfill_jobs.cli.service_checks import ServiceUrls
from docs_tools import docstrings, markdown
from services.prediction_coordinator.settings import CoordinatorSettings
from services.prediction_worker.settings import WorkerSettings
from shared.alerting.webhook import AlertSettings
from shared.application.fetching.settings import FetchSettings
from shared.backends import BackendSettings, ModelSettings
from shared.web.authentication import AuthSettings
from shared.web.body_limits import LimitSettings

GROUPS: tuple[tuple[str, str, type[BaseSettings]], ...] = (
    ("Every program", "Both services and the `props` command.", BackendSettings),
    ("Models", "The worker and the commands that predict.", ModelSettings),
    ("Authentication", "Both services.", AuthSettings),
    ("Request sizes", "Both services.", LimitSettings),
    ("The coordinator", "", CoordinatorSettings),
    ("The worker", "", WorkerSettings),
    ("Fetches", "`props fetch` and `props day`.", FetchSettings),
    ("Alerts", "`--alert` of `props validate-daily`.", AlertSettings),
    ("Service URLs", "`props doctor` and the daily checks.", ServiceUrls),
)


ABOUT = """\
Each setting is an environment variable, read once when a program starts. An invalid value stops the start
with a message that names it. No settings are read from files."""


def page() -> str:
    return markdown.page("Settings", ABOUT, *(_group(*g) for g in GROUPS))


def _group(title: str, programs: str, class_: type[BaseSettings]) -> str:
    docs = docstrings.field_docs(class_)
    fields = class_.model_fields
    rows = [
        (markdown.code(n.upper()), _default(fields[n]), markdown.plain(docs[n])) for n in docs if n in fields
    ]
    return markdown.section(title, programs, markdown.table(("variable", "default", "meaning"), rows))


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default()
    if value is PydanticUndefined:
        return "must be set"
    if value is None or value == "":
        return "unset"
    if isinstance(value, Path) and value.is_absolute():  # differs between machines
        return f"`{value.name}` in the system's temporary folder"
    return markdown.code(str(value))
