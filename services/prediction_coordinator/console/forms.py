"""Forms of the console: taken from its own pages only, with the name of who sent them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from fastapi import Request

from shared.domain.game_dates import shorten
from shared.errors import Forbidden, Rejected

THIS_MACHINE = "this machine"
FORM = "application/x-www-form-urlencoded"
IAP_EMAIL = "x-goog-authenticated-user-email"


@dataclass(frozen=True)
class Posted:
    """The fields of a form and who sent it."""

    fields: dict[str, list[str]]
    by: str

    def text(self, name: str) -> str:
        """The value of a field, without blanks around it; empty where it was left empty."""
        return self.fields.get(name, [""])[0].strip()

    def several(self, name: str) -> list[str]:
        return self.fields.get(name, [])

    def ticked(self, name: str) -> bool:
        return name in self.fields

    def check_names(self, names: Collection[str]) -> None:
        """``Rejected`` for a field that the form does not have."""
        unknown = [shorten(name) for name in self.fields if name not in names]
        if unknown:
            raise Rejected(f"form: unknown {', '.join(unknown[:5])}; wanted some of {', '.join(names)}")

    def number(self, name: str) -> float:
        try:
            return float(self.text(name))
        except ValueError as exc:
            raise Rejected(f"{name}: {self.text(name)!r}, wanted a number") from exc


async def posted(request: Request) -> Posted:
    """A dependency: the form of a request, ``Forbidden`` for one that another site's page has sent.

    A proxy that knows people by a cookie lets such a form pass.
    """
    _check_origin(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != FORM:
        raise Rejected(f"content-type: {shorten(kind)}, wanted {FORM}")
    try:
        body = (await request.body()).decode("ascii")
        return Posted(parse_qs(body, max_num_fields=200), sender(request))
    except ValueError as exc:
        raise Rejected("the form cannot be read") from exc


def sender(request: Request) -> str:
    """Who asks: the person whom the proxy in front names, else the account of the token."""
    caller = str(request.scope.get("caller", THIS_MACHINE))
    if caller == THIS_MACHINE:
        return caller
    return request.headers.get(IAP_EMAIL, caller).rpartition(":")[2]


def _check_origin(request: Request) -> None:
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = site == "same-origin" if site is not None else _host(origin) == request.headers.get("host")
    if not ours:
        raise Forbidden(
            f"this form came from {site or origin or 'nowhere'}, wanted from a page of this console"
        )


def _host(origin: str | None) -> str | None:
    return urlsplit(origin).netloc if origin else None
