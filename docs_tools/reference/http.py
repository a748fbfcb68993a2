"""Reference page of the routes of both services, from their OpenAPI documents."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from docs_tools import markdown
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
    """Return the OpenAPI document of each service, built as in production, on an empty state folder."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
        settings = CoordinatorSettings(props_home=Path(folder))
        dependencies = coordinator_main.make(settings, connect(settings), executor)
        worker_settings = WorkerSettings(props_home=Path(folder))
        apps = {
            "prediction-coordinator": coordinator.build(dependencies),
            "prediction-worker": worker.build(
                lambda: worker_main.make(worker_settings, connect(worker_settings))
            ),
        }
        return {name: app.openapi() for name, app in apps.items()}


def page() -> str:
    public_paths = ", ".join(sorted(map(markdown.code, PUBLIC_PATHS)))
    about = f"""\
The OpenAPI document of a running service is at `/openapi.json`. Every error is a problem document (RFC
9457, `application/problem+json`: `type`, `title`, `status`, `detail`). 503 means that the same request may
succeed later; with any other status it will not. These paths need no token: {public_paths}."""
    parts = [part for name, document in documents().items() for part in _service(name, document)]
    return markdown.page("HTTP", about, *parts)


def _service(name: str, document: Schema) -> Iterator[str]:
    yield f"## {name}"
    schemas = document.get("components", {}).get("schemas", {})
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"### {method.upper()} {path}"
            yield markdown.plain(operation.get("description"))
            yield _request(operation, schemas)
            yield _responses(operation["responses"])
    for title, schema in schemas.items():
        yield f"### {title} of {name}"
        yield markdown.plain(schema.get("description"))
        fields = _request_fields if title.endswith("In") else _response_fields
        yield _values(schema) or fields(schema)


def _request(operation: Schema, schemas: Schema) -> str:
    rows = [
        (markdown.code(p["name"]), p["in"], _type(p["schema"]), _default(p["required"], p["schema"]))
        for p in operation.get("parameters", ())
    ]
    parts = [markdown.table(("parameter", "in", "type", "if left out"), rows)]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        schema = schemas.get(_name(body), body)
        parts += [f"Body: {_name(body) or 'JSON'}.", _request_fields(schema)]
    return "\n\n".join(p for p in parts if p)


def _request_fields(schema: Schema) -> str:
    required = schema.get("required", ())
    rows = [
        (markdown.code(name), _type(inner), _default(name in required, inner))
        for name, inner in schema.get("properties", {}).items()
    ]
    return markdown.table(("field", "type", "if left out"), rows)


def _response_fields(schema: Schema) -> str:
    """Return the table of a response's fields; fields with a default may be missing."""
    required = schema.get("required", ())
    rows = []
    for name, inner in schema.get("properties", {}).items():
        is_optional = name not in required and "default" in inner
        rows.append((markdown.code(name), _type(inner) + (", optional" if is_optional else "")))
    return markdown.table(("field", "type"), rows)


def _default(required: bool, schema: Schema) -> str:
    if required:
        return "refused"
    return markdown.code(str(schema["default"])) if schema.get("default") is not None else "none"


def _values(schema: Schema) -> str:
    return ", ".join(markdown.code(value) for value in schema.get("enum", ()))


def _responses(responses: Schema) -> str:
    rows = [(code, _meaning(code, response)) for code, response in sorted(responses.items())]
    return markdown.table(("status", "meaning"), rows)


def _meaning(code: str, response: Schema) -> str:
    if not code.startswith("2"):
        return str(response["description"])
    model = _name(response.get("content", {}).get("application/json", {}).get("schema", {}))
    return f"done: {model}" if model else "done"


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
