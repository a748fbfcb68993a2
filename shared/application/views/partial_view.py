"""A view with parts from several sources, some of which may be unavailable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from shared.errors import Unavailable

T = TypeVar("T")


class ViewOfSources(Protocol):
    """A view that lists its unavailable sources."""

    @property
    def unavailable(self) -> tuple[str, ...]: ...


View = TypeVar("View", bound=ViewOfSources)


class PartialView:
    """Loads the parts of a view. ``get_or_none`` skips a source that has failed before, so a reader waits for
    an unavailable source only once."""

    def __init__(self) -> None:
        self._errors: dict[str, str] = {}

    def get_or_none(self, source: str, load: Callable[[], T]) -> T | None:
        """Return the loaded part, None if the source is unavailable."""
        if source in self._errors:
            return None
        try:
            return self.require(source, load)
        except Unavailable:
            return None

    def require(self, source: str, load: Callable[[], T]) -> T:
        """Return the loaded part; record and re-raise ``Unavailable``."""
        try:
            return load()
        except Unavailable as exc:
            self._errors[source] = str(exc)
            raise

    def answered(self, source: str) -> bool:
        return source not in self._errors

    @property
    def unavailable(self) -> tuple[str, ...]:
        """One message for each unavailable source."""
        return tuple(f"{source}: {error}" for source, error in self._errors.items())


def require_complete(view: View) -> View:
    """Return the view; raise ``Unavailable`` if a part is missing: an exported table must be complete."""
    if view.unavailable:
        raise Unavailable("; ".join(view.unavailable))
    return view
