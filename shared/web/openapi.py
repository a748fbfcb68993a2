"""Shapes of successful bodies in an OpenAPI document, beside the code that answers and not in its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, create_model
from pydantic.json_schema import models_json_schema

from shared.web.app import LeanFastAPI

REFERENCE = "#/components/schemas/{model}"

ResponseModels = Mapping[str, type[BaseModel]]
"""What a route answers when all is well, by method and path: ``GET /runs``."""


class ResponseModel(BaseModel):
    """Every key is named: one more would be found by the tests."""

    model_config = ConfigDict(extra="forbid")


class DocumentedFastAPI(LeanFastAPI):
    """Its document shows ``answers``, which are asked for when it is; what a route answers is not checked
    against them."""

    def __init__(self, answers: Callable[[], ResponseModels], **options: Any) -> None:
        super().__init__(**options)
        self._answers = answers

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            add_response_schemas(super().openapi(), self._answers())
        return super().openapi()


def add_response_schemas(document: dict[str, Any], answers: ResponseModels) -> None:
    """Put shapes into a document; ``KeyError`` for a route that is not there."""
    _, shapes = models_json_schema(
        [(model, "serialization") for model in answers.values()], ref_template=REFERENCE
    )
    document.setdefault("components", {}).setdefault("schemas", {}).update(shapes["$defs"])
    for route, model in answers.items():
        method, path = route.split(" ")
        responses = document["paths"][path][method.lower()]["responses"]
        (done,) = (code for code in responses if code.startswith("2"))
        schema = {"$ref": REFERENCE.format(model=model.__name__)}
        responses[done].setdefault("content", {})["application/json"] = {"schema": schema}


def response_model_of(struct: type[msgspec.Struct], name: str) -> type[ResponseModel]:
    """The shape of a struct that is encoded as it is."""
    fields: dict[str, Any] = {f.name: (f.type, ...) for f in msgspec.structs.fields(struct)}
    return create_model(name, __base__=ResponseModel, __doc__=struct.__doc__, **fields)
