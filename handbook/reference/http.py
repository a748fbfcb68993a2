"""The routes of both services, of their OpenAPI documents."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from handbook import markdown
from services.prediction_coordinator import app as coordinator
from services.prediction_coordinator import main as coordinator_main
from services.prediction_coordinator.settings import CoordinatorSettings
from services.prediction_worker import app as worker
from services.prediction_worker import main as worker_main
from services.prediction_worker.settings import WorkerSettings
from shared.backends import connect
from shared.web.authentication import PUBLIC_PATHS

Schema = dict[str, Any]


def documents() -> dict[str, Schema]:
    """OpenAPI of each service, wired as it is when it serves, on an empty state folder."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
        asked = CoordinatorSettings(props_home=Path(folder))
        wired = coordinator_main.make(asked, connect(asked), executor)
        works = WorkerSettings(props_home=Path(folder))
        apps = {
            "prediction-coordinator": coordinator.build(wired),
            "prediction-worker": worker.build(lambda: worker_main.make(works, connect(works))),
        }
        return {name: app.openapi() for name, app in apps.items()}


def page() -> str:
    unasked = ", ".join(sorted(map(markdown.code, PUBLIC_PATHS)))
    about = f"""\
The OpenAPI document of a running service is at `/openapi.json`. Every failure is a problem document
(RFC 9457, `application/problem+json`: `type`, `title`, `status`, `detail`); 503 means that the same
request may succeed later, all others that it will not. Open without a token: {unasked}."""
    parts = [part for name, document in documents().items() for part in _service(name, document)]
    return markdown.page("HTTP", about, *parts)


def _service(name: str, document: Schema) -> Iterator[str]:
    yield f"## {name}"
    schemas = document.get("components", {}).get("schemas", {})
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"### {method.upper()} {path}"
            yield markdown.plain(operation.get("description"))
            yield _asked(operation, schemas)
            yield _answers(operation["responses"])
    for title, schema in schemas.items():
        yield f"### {title} of {name}"
        yield markdown.plain(schema.get("description"))
        yield _values(schema) or (_fields(schema) if title.endswith("In") else _told(schema))


def _asked(operation: Schema, schemas: Schema) -> str:
    rows = [
        (markdown.code(p["name"]), p["in"], _type(p["schema"]), _need(p["required"], p["schema"]))
        for p in operation.get("parameters", ())
    ]
    parts = [markdown.table(("parameter", "in", "type", "if left out"), rows)]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        named = schemas.get(_name(body), body)
        parts += [f"Body: {_name(body) or 'JSON'}.", _fields(named)]
    return "\n\n".join(p for p in parts if p)


def _fields(schema: Schema) -> str:
    must = schema.get("required", ())
    rows = [
        (markdown.code(name), _type(inner), _need(name in must, inner))
        for name, inner in schema.get("properties", {}).items()
    ]
    return markdown.table(("field", "type", "if left out"), rows)


def _told(schema: Schema) -> str:
    """Fields of what is answered: all of them always, but those that have a default."""
    must = schema.get("required", ())
    rows = [
        (markdown.code(name), _type(inner) + ("" if name in must or "default" not in inner else ", if told"))
        for name, inner in schema.get("properties", {}).items()
    ]
    return markdown.table(("field", "type"), rows)


def _need(required: bool, schema: Schema) -> str:
    if required:
        return "refused"
    return markdown.code(str(schema["default"])) if "default" in schema else "none"


def _values(schema: Schema) -> str:
    return ", ".join(markdown.code(value) for value in schema.get("enum", ()))


def _answers(responses: Schema) -> str:
    rows = [(code, _meaning(code, told)) for code, told in sorted(responses.items())]
    return markdown.table(("answer", "meaning"), rows)


def _meaning(code: str, told: Schema) -> str:
    if not code.startswith("2"):
        return str(told["description"])
    shape = _name(told.get("content", {}).get("application/json", {}).get("schema", {}))
    return f"done: {shape}" if shape else "done"


def _name(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rsplit("/", 1)[-1]


def _type(schema: Schema) -> str:
    if name := _name(schema):
        return name
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(s) for s in schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return " or ".join(markdown.code(v) for v in schema.get("enum", [schema.get("const")]))
    if "prefixItems" in schema:
        return " and ".join(_type(s) for s in schema["prefixItems"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("format") or schema.get("type", "any"))
