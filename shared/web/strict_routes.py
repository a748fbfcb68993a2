"""Routes that refuse unknown query parameters, unknown fields and ambiguous JSON."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from shared.domain.game_dates import shorten
from shared.errors import Rejected, UnsupportedMediaType
from shared.schemas.strict_json import parse_json, refuse_repeated
from shared.web.body_limits import BODILESS

JSON = "application/json"


class StrictBody(BaseModel):
    """A request body. Unknown fields, and values of another type than declared, are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class StrictRoute(APIRoute):
    """Checks a request before the framework reads it; ``Rejected`` names the invalid field. Responses are not
    validated."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options | {"response_model": None})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_checked(request: Request) -> Response:
            self._check_query(request)
            return await handle(await self._checked_body(request))

        return handle_checked

    def _check_query(self, request: Request) -> None:
        """Check the query. Pushes allow any: the subscription's owner may add parameters to the URL."""
        if self._reads_request or not request.scope["query_string"]:
            return
        names = [name for name, _ in request.query_params.multi_items()]
        refuse_unknown("query", names, set(_query_parameters(self.dependant)))
        refuse_repeated("query", names)

    async def _checked_body(self, request: Request) -> Request:
        """Return the request with its JSON parsed, or unchanged if the route reads its body itself."""
        if request.method in BODILESS or self._reads_request or self._takes_form:
            return request
        body = await request.body()
        if self.body_field is None:
            _refuse_fields(body)
            return request
        check_is_json(body, request.headers.get("content-type"))
        return _Parsed(request, parse_json(body))

    @property
    def _reads_request(self) -> bool:
        """Whether the route reads and checks its request itself: it then documents its body by hand."""
        return self.body_field is None and "requestBody" in (self.openapi_extra or {})

    @property
    def _takes_form(self) -> bool:
        """Whether a dependency of the route reads a form."""
        return any(d.request_param_name is not None for d in self.dependant.dependencies)


class _Parsed(Request):
    """A request whose body has been read and parsed."""

    def __init__(self, request: Request, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._body, self._value = b"{}", value

    async def json(self) -> Any:
        return self._value


def refuse_unknown_input(app: FastAPI) -> None:
    """Make every route that is added to ``app`` later a ``StrictRoute``."""
    app.router.route_class = StrictRoute


def _query_parameters(dependant: Dependant) -> Iterator[str]:
    yield from (p.alias for p in dependant.query_params)
    for dependency in dependant.dependencies:
        yield from _query_parameters(dependency)


def check_is_json(body: bytes, content_type: str | None) -> None:
    """Raise ``Rejected`` for an empty body, ``UnsupportedMediaType`` for another content type than JSON."""
    if not body:
        raise Rejected(f"body: missing, expected a JSON object ({JSON})")
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        received = shorten(content_type) if content_type else "missing"
        raise UnsupportedMediaType(f"content-type: {received}, expected {JSON}")


def _refuse_fields(body: bytes) -> None:
    """Refuse a body where none is declared; an empty object counts as no body."""
    value = parse_json(body) if body else {}
    if isinstance(value, dict):
        refuse_unknown("body", value, ())
    else:
        raise Rejected("body: this request takes none")


def refuse_unknown(location: str, names: Iterable[str], allowed: Iterable[str]) -> None:
    """Raise ``Rejected`` for names that are not among the allowed ones."""
    allowed = sorted(allowed)
    unknown = list(dict.fromkeys(name for name in names if name not in allowed))
    if unknown:
        expected = f"expected some of {', '.join(allowed)}" if allowed else "expected none"
        raise Rejected(f"{location}: unknown {', '.join(map(shorten, unknown[:5]))}; {expected}")
