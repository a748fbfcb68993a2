"""msgspec models of bodies in the OpenAPI document; responses are not validated against them."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from shared.web.app import LeanFastAPI
from shared.web.problems import problem_responses

REFERENCE = "#/components/schemas/{name}"


class ResponseModel(msgspec.Struct, forbid_unknown_fields=True):
    """Declares every key of a response; the tests find undeclared ones."""


class DocumentedFastAPI(LeanFastAPI):
    """Application whose document contains msgspec models. FastAPI documents models of pydantic only, and
    builds them at the start of the process."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._models: list[type[msgspec.Struct]] = []

    def responses(
        self, model: type[msgspec.Struct], *problems: int, status: int = 200
    ) -> dict[int | str, dict[str, Any]]:
        """Return the OpenAPI entries of the responses of a route."""
        return problem_responses(*problems) | {status: self.json_of(model)}

    def json_of(self, *models: type[msgspec.Struct]) -> dict[str, Any]:
        """Return the OpenAPI entry of a JSON body, a struct; add it and other ``models`` to the document."""
        self._models += models
        reference = {"$ref": REFERENCE.format(name=models[0].__name__)}
        return {"content": {"application/json": {"schema": reference}}}

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            components = super().openapi().setdefault("components", {})
            _, schemas = msgspec.json.schema_components(self._models, ref_template=REFERENCE)
            for schema in schemas.values():
                if "description" in schema:
                    schema["description"] = inspect.cleandoc(schema["description"])
                for field in schema.get("properties", {}).values():
                    if field.get("default") != field.get("default"):  # NaN, which JSON cannot contain
                        del field["default"]
            components["schemas"] = dict(sorted((components.get("schemas", {}) | schemas).items()))
        return super().openapi()
