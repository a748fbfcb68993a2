"""Schemas of successful responses in the OpenAPI document; responses are not validated against them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, create_model
from pydantic.json_schema import models_json_schema

from shared.web.app import LeanFastAPI

REFERENCE = "#/components/schemas/{model}"

ResponseModels = Mapping[str, type[BaseModel]]
"""Model of the successful response by method and path, for example ``GET /runs``."""


class ResponseModel(BaseModel):
    """Declares every key of a response; the tests find undeclared ones."""

    model_config = ConfigDict(extra="forbid")


class DocumentedFastAPI(LeanFastAPI):
    """Application that documents its responses; ``get_models`` is called when the document is requested."""

    def __init__(self, get_models: Callable[[], ResponseModels], **options: Any) -> None:
        super().__init__(**options)
        self._get_models = get_models

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            add_response_schemas(super().openapi(), self._get_models())
        return super().openapi()


def add_response_schemas(document: dict[str, Any], response_models: ResponseModels) -> None:
    """Add response schemas to a document; ``KeyError`` for an unknown route."""
    _, schemas = models_json_schema(
        [(model, "serialization") for model in response_models.values()], ref_template=REFERENCE
    )
    document.setdefault("components", {}).setdefault("schemas", {}).update(schemas["$defs"])
    for route, model in response_models.items():
        method, path = route.split(" ")
        responses = document["paths"][path][method.lower()]["responses"]
        (success,) = (code for code in responses if code.startswith("2"))
        schema = {"$ref": REFERENCE.format(model=model.__name__)}
        responses[success].setdefault("content", {})["application/json"] = {"schema": schema}


def response_model_of(struct: type[msgspec.Struct], name: str) -> type[ResponseModel]:
    """Return the response model of a struct that is encoded unchanged."""
    fields: dict[str, Any] = {f.name: (f.type, ...) for f in msgspec.structs.fields(struct)}
    return create_model(name, __base__=ResponseModel, __doc__=struct.__doc__, **fields)
