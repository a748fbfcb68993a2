"""What a caller may do about a failure; nothing here knows a status code or an exit code."""

from __future__ import annotations


class AppError(Exception):
    """A failure with a message made for the person who reads it."""


class Rejected(AppError):
    """The input can never succeed: record it and move on."""


class TooLarge(Rejected):
    """The input is longer than is read at all."""


class Malformed(Rejected):
    """The input is not in the format that it claims."""


class UnsupportedMediaType(Rejected):
    """The input claims no format, or one that is not read here."""


class Unavailable(AppError):
    """A dependency failed: the same input may succeed later."""


class HeldElsewhere(Unavailable):
    """Another program holds what is needed: ask again after ``retry_after`` seconds."""

    retry_after = 5


class TooMany(AppError):
    """More was asked for than is done in a span of time: ask again after ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unauthenticated(AppError):
    """Nothing tells who asks, or what tells it cannot be believed."""


class Forbidden(AppError):
    """Known who asks, and he may not."""


class NotFound(AppError):
    """What was asked for does not exist."""


class InvalidStatement(AppError):
    """A statement that the warehouse does not understand: the statement is wrong, not the store."""


class Conflict(AppError):
    """Something else already holds what was asked for.

    ``holder`` names it, for example the id of the run under way.
    """

    def __init__(self, message: str, holder: str) -> None:
        super().__init__(message)
        self.holder = holder
