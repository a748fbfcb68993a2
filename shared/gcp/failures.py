"""Google's failures in the words of ``shared.errors``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from shared.errors import InvalidStatement, NotFound, Unavailable

ABORTED = "aborted due to concurrent update"
"""What BigQuery says, with status 400, of a transaction that met another one."""


@contextmanager
def translate_errors(what: str) -> Iterator[None]:
    """Raise what Google's clients raise inside as ours; ``what`` names the thing that was asked.

    ``NotFound`` and ``InvalidStatement`` say that the question was wrong; all else, permissions and
    credentials included, may be right later without a change of the input: ``Unavailable``.
    """
    try:
        yield
    except exceptions.NotFound as exc:
        raise NotFound(f"{what}: {_first_line(exc)}") from exc
    except exceptions.BadRequest as exc:
        if ABORTED in str(exc):
            raise Unavailable(f"{what}: {ABORTED}") from exc
        raise InvalidStatement(f"{what}: {_first_line(exc)}") from exc
    except (exceptions.GoogleAPIError, GoogleAuthError, requests.RequestException, OSError) as exc:
        raise Unavailable(f"{what}: {type(exc).__name__}: {_first_line(exc)}") from exc


def _first_line(exc: Exception) -> str:
    text = str(exc).strip()
    return text.splitlines()[0] if text else type(exc).__name__
