"""Translates errors of Google's clients into those of ``shared.errors``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from shared.errors import InvalidStatement, NotFound, Unavailable

ABORTED = "aborted due to concurrent update"
"""BigQuery's message, with status 400, for a transaction that conflicts with another."""


@contextmanager
def translate_errors(operation: str) -> Iterator[None]:
    """Translate errors of Google's clients in the block; ``operation`` starts the message.

    ``NotFound`` and ``InvalidStatement`` mean that the input is wrong. Every other error, also of permissions
    and credentials, may disappear without a change of the input: ``Unavailable``.
    """
    try:
        yield
    except exceptions.NotFound as exc:
        raise NotFound(f"{operation}: {_first_line(exc)}") from exc
    except exceptions.BadRequest as exc:
        if ABORTED in str(exc):
            raise Unavailable(f"{operation}: {ABORTED}") from exc
        raise InvalidStatement(f"{operation}: {_first_line(exc)}") from exc
    except (exceptions.GoogleAPIError, GoogleAuthError, requests.RequestException, OSError) as exc:
        raise Unavailable(f"{operation}: {type(exc).__name__}: {_first_line(exc)}") from exc


def _first_line(exc: Exception) -> str:
    text = str(exc).strip()
    return text.splitlines()[0] if text else type(exc).__name__
