"""A view whose parts come from several places, some of which may be away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from shared.errors import Unavailable

T = TypeVar("T")


class Parted(Protocol):
    """A view that names what did not answer."""

    @property
    def away(self) -> tuple[str, ...]: ...


View = TypeVar("View", bound=Parted)


class Parts:
    """Asks for the parts of a view. A place that does not answer is noted once and not asked again, so that
    a reader waits for it once."""

    def __init__(self) -> None:
        self._away: dict[str, str] = {}

    def ask(self, place: str, of: Callable[[], T]) -> T | None:
        """What ``of`` gives, None where the place is away."""
        if place in self._away:
            return None
        try:
            return self.tell(place, of)
        except Unavailable:
            return None

    def tell(self, place: str, of: Callable[[], T]) -> T:
        """What ``of`` gives; that the place is away is noted and passed on."""
        try:
            return of()
        except Unavailable as exc:
            self._away[place] = str(exc)
            raise

    def answered(self, place: str) -> bool:
        return place not in self._away

    @property
    def away(self) -> tuple[str, ...]:
        """A sentence for each place that did not answer."""
        return tuple(f"{place}: {why}" for place, why in self._away.items())


def whole(view: View) -> View:
    """The view; ``Unavailable`` where a part is missing: a table that is passed on must not lack rows."""
    if view.away:
        raise Unavailable("; ".join(view.away))
    return view
