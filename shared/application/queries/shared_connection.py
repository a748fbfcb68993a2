"""Run the warehouse statements of a method on one connection."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from shared.ports import Warehouse


class UsesWarehouse(Protocol):
    @property
    def _warehouse(self) -> Warehouse: ...


Owner = TypeVar("Owner", bound=UsesWarehouse)
P = ParamSpec("P")
View = TypeVar("View")


def shared_connection(method: Callable[Concatenate[Owner, P], View]) -> Callable[Concatenate[Owner, P], View]:
    """Run a method's statements on one connection, which is released when the method returns.

    The method must be fast, must not call another service and must not wait for a thread or process that may
    itself wait for the warehouse.
    """

    @wraps(method)
    def wrapper(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> View:
        with self._warehouse.shared_connection():
            return method(self, *args, **kwargs)

    return wrapper
