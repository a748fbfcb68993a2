"""The environment variables of every program, of the settings classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from backfill_jobs.cli.service_checks import ServiceUrls
from handbook import docstrings, markdown
from services.prediction_coordinator.settings import CoordinatorSettings
from services.prediction_worker.settings import WorkerSettings
from shared.alerting.webhook import AlertSettings
from shared.backends import BackendSettings, ModelSettings
from shared.web.authentication import AuthSettings
from shared.web.body_limits import LimitSettings

GROUPS: tuple[tuple[str, str, type[BaseSettings]], ...] = (
    ("Every program", "Both services and the `props` command.", BackendSettings),
    ("Models", "The worker and those commands that predict.", ModelSettings),
    ("Who may call", "Both services.", AuthSettings),
    ("Sizes of requests", "Both services.", LimitSettings),
    ("The coordinator", "", CoordinatorSettings),
    ("The worker", "", WorkerSettings),
    ("Who is told of findings", "`--alert` of `props validate-daily`.", AlertSettings),
    ("Where services answer", "`props doctor` and the daily checks.", ServiceUrls),
)


ABOUT = """\
Each is an environment variable, read once when a program starts. A value that cannot be meant stops the
start and is named. Nothing is read from a file."""


def page() -> str:
    return markdown.page("Settings", ABOUT, *(_group(*g) for g in GROUPS))


def _group(title: str, who: str, class_: type[BaseSettings]) -> str:
    told = docstrings.of_fields(class_)
    fields = class_.model_fields
    rows = [
        (markdown.code(n.upper()), _default(fields[n]), markdown.plain(told[n])) for n in told if n in fields
    ]
    return "\n\n".join(
        p for p in (f"## {title}", who, markdown.table(("variable", "default", "meaning"), rows)) if p
    )


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default()
    if value is PydanticUndefined:
        return "must be set"
    if value is None or value == "":
        return "unset"
    if isinstance(value, Path) and value.is_absolute():  # differs from machine to machine
        return f"`{value.name}` among the machine's temporary files"
    return markdown.code(str(value))
