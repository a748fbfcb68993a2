"""Form submissions: accepted only from pages of this console, with the name of the submitter."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from fastapi import Request

from shared.domain.game_dates import shorten
from shared.errors import Forbidden, Rejected

LOCAL_CALLER = "this machine"
FORM = "application/x-www-form-urlencoded"
IAP_EMAIL = "x-goog-authenticated-user-email"


@dataclass(frozen=True)
class PostedForm:
    """The fields of a submitted form, and the name of the submitter (``by``)."""

    fields: dict[str, list[str]]
    by: str

    def text(self, name: str) -> str:
        """Return the value of a field without surrounding blanks; empty if the field is empty or missing."""
        return self.fields.get(name, [""])[0].strip()

    def values(self, name: str) -> list[str]:
        return self.fields.get(name, [])

    def has(self, name: str) -> bool:
        return name in self.fields

    def check_names(self, names: Collection[str]) -> None:
        """Raise ``Rejected`` for a field that the form does not have."""
        unknown = [shorten(name) for name in self.fields if name not in names]
        if unknown:
            raise Rejected(f"form: unknown fields {', '.join(unknown[:5])}; expected {', '.join(names)}")

    def number(self, name: str) -> float:
        try:
            return float(self.text(name))
        except ValueError as exc:
            raise Rejected(f"{name}: {self.text(name)!r}, expected a number") from exc


async def read_form(request: Request) -> PostedForm:
    """A dependency: return the submitted form; raise ``Forbidden`` for a form from another site's page.

    A proxy that authenticates by cookie does not stop such a form.
    """
    _check_origin(request)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if content_type != FORM:
        raise Rejected(f"content-type: {shorten(content_type)}, expected {FORM}")
    try:
        body = (await request.body()).decode("ascii")
        return PostedForm(parse_qs(body, max_num_fields=200), submitter(request))
    except ValueError as exc:
        raise Rejected("the form cannot be read") from exc


def submitter(request: Request) -> str:
    """Return the name of the caller: the user named by the proxy, else the account of the token."""
    caller = str(request.scope.get("caller", LOCAL_CALLER))
    if caller == LOCAL_CALLER:
        return caller
    return request.headers.get(IAP_EMAIL, caller).rpartition(":")[2]


def _check_origin(request: Request) -> None:
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_own_page = site == "same-origin" if site is not None else _host(origin) == request.headers.get("host")
    if not is_own_page:
        raise Forbidden(
            f"this form came from {site or origin or 'an unknown page'}, expected a page of this console"
        )


def _host(origin: str | None) -> str | None:
    return urlsplit(origin).netloc if origin else None
