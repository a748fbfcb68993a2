"""What asks the warehouse several times in a moment."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from shared.ports import Warehouse


class UsesWarehouse(Protocol):
    @property
    def _warehouse(self) -> Warehouse: ...


Of = TypeVar("Of", bound=UsesWarehouse)
P = ParamSpec("P")
View = TypeVar("View")


def shared_connection(show: Callable[Concatenate[Of, P], View]) -> Callable[Concatenate[Of, P], View]:
    """A method whose statements share one opening of the warehouse, which is given up when it returns.

    Not for what takes long or asks another service; nor may it wait for somebody who may be waiting for the
    warehouse.
    """

    @wraps(show)
    def shown(self: Of, /, *args: P.args, **kwargs: P.kwargs) -> View:
        with self._warehouse.shared_connection():
            return show(self, *args, **kwargs)

    return shown
