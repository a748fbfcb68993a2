"""Errors, named by what the caller can do. Status codes and exit codes are mapped elsewhere."""

from __future__ import annotations


class AppError(Exception):
    """Base class; the message is written for a person."""


class Rejected(AppError):
    """The input can never succeed: record it and move on."""


class TooLarge(Rejected):
    """The input is longer than the limit."""


class Malformed(Rejected):
    """The input is not in its declared format."""


class UnsupportedMediaType(Rejected):
    """The input declares no format, or an unsupported one."""


class Unavailable(AppError):
    """A dependency failed: the same input may succeed later."""


class HeldElsewhere(Unavailable):
    """Another program holds a needed resource: try again after ``retry_after`` seconds."""

    retry_after = 5


class TooMany(AppError):
    """The rate limit is exceeded: try again after ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unauthenticated(AppError):
    """No valid credentials."""


class Forbidden(AppError):
    """The caller is authenticated but not permitted."""


class NotFound(AppError):
    """The requested object does not exist."""


class InvalidStatement(AppError):
    """The warehouse does not accept the statement: the statement is wrong, the store works."""


class Conflict(AppError):
    """The requested object is already taken.

    ``holder`` names the current owner, for example the id of the active run.
    """

    def __init__(self, message: str, holder: str) -> None:
        super().__init__(message)
        self.holder = holder
