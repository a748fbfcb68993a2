"""Routes that refuse unknown query parameters, unknown fields and ambiguous JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from shared.domain.game_dates import shorten
from shared.errors import Malformed, Rejected, UnsupportedMediaType

JSON = "application/json"
BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class StrictBody(BaseModel):
    """A request body. Unknown fields, and values of another type than declared, are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class StrictRoute(APIRoute):
    """Checks a request before the framework reads it; ``Rejected`` names what is wrong."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            self._check_query(request)
            return await handle(await self._checked_body(request))

        return checked

    def _check_query(self, request: Request) -> None:
        """Pushes are sent to an address with parameters of the subscription's owner: those are left alone."""
        if self._takes_pushes or not request.scope["query_string"]:
            return
        given = [name for name, _ in request.query_params.multi_items()]
        _refuse_unknown("query", given, set(_query_parameters(self.dependant)))
        _refuse_repeated("query", given)

    async def _checked_body(self, request: Request) -> Request:
        """Return the request with its JSON parsed, or as it came where the route reads its body itself."""
        if request.method in BODILESS or self._takes_pushes or self._takes_form:
            return request
        body = await request.body()
        if self.body_field is None:
            _refuse_fields(body)
            return request
        if not body:
            raise Rejected(f"body: missing, wanted a JSON object ({JSON})")
        _check_content_type(request)
        return _Parsed(request, parse_json(body))

    @property
    def _takes_pushes(self) -> bool:
        """Such a route documents its body by hand."""
        return self.body_field is None and "requestBody" in (self.openapi_extra or {})

    @property
    def _takes_form(self) -> bool:
        """The form is read by a dependency."""
        return any(d.request_param_name is not None for d in self.dependant.dependencies)


class _Parsed(Request):
    """A request whose body has been read and parsed."""

    def __init__(self, request: Request, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._body, self._value = b"{}", value

    async def json(self) -> Any:
        return self._value


def refuse_unknown_input(app: FastAPI) -> None:
    """Make routes that are added to ``app`` from here on ``StrictRoute``."""
    app.router.route_class = StrictRoute


def _query_parameters(of: Dependant) -> Iterator[str]:
    yield from (p.alias for p in of.query_params)
    for dependency in of.dependencies:
        yield from _query_parameters(dependency)


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON text.

    ``Malformed`` for what is not JSON, ``Rejected`` for an object that names a field twice: which one counts
    would be a guess. NaN and Infinity pass here: the model refuses them, with the name of the field.
    """
    try:
        return json.loads(body.decode(), object_pairs_hook=_unique)
    except UnicodeDecodeError as exc:
        raise Malformed(f"body: byte {exc.start} is not UTF-8, wanted JSON") from exc
    except RecursionError as exc:
        raise Malformed("body: nested too deeply, wanted JSON") from exc
    except ValueError as exc:
        raise Malformed(f"body: {exc}; wanted JSON") from exc


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _refuse_repeated("body", [name for name, _ in pairs])
    return dict(pairs)


def _check_content_type(request: Request) -> None:
    given = request.headers.get("content-type")
    kind = (given or "").partition(";")[0].strip().lower()
    if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType(f"content-type: {shorten(given) if given else 'missing'}, wanted {JSON}")


def _refuse_fields(body: bytes) -> None:
    """Refuse the body of a request that takes none; an empty object is the same as no body."""
    value = parse_json(body) if body else {}
    if isinstance(value, dict):
        _refuse_unknown("body", value, ())
    else:
        raise Rejected("body: this request takes none")


def _refuse_unknown(place: str, given: Iterable[str], known: Iterable[str]) -> None:
    known = sorted(known)
    unknown = list(dict.fromkeys(name for name in given if name not in known))
    if unknown:
        wanted = f"wanted some of {', '.join(known)}" if known else "wanted none"
        raise Rejected(f"{place}: unknown {', '.join(map(shorten, unknown[:5]))}; {wanted}")


def _refuse_repeated(place: str, given: list[str]) -> None:
    if len(set(given)) < len(given):
        repeated = next(name for name, count in Counter(given).items() if count > 1)
        raise Rejected(f"{place}: {shorten(repeated)} is given twice, wanted once")
