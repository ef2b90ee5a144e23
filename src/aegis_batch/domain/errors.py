"""Everything that can go wrong, as one tree.

::

    AegisError
    ├── Final                      trying again can't help
    │   ├── InvalidRequest         the command or a setting is wrong; nothing was tried
    │   ├── OrdersMisfit           the orders' database is not as the settings say
    │   ├── BackendRefused         the Backend said no for good
    │   └── StateMisfit            the state database is damaged, or newer than the program
    └── Passing                    trying again later may help
        ├── OrdersUnreachable      the orders' database can't be reached, or broke off
        ├── BackendUnavailable     the Backend can't be reached, or keeps failing
        │   └── AnswerLost         a report was sent and what became of it is unknown
        ├── StateUnavailable       the state database is locked, full, in use or away
        └── NoticeUndelivered      a notice did not reach its receiver

Every error carries a code for programs, a message and a remedy for people. None carries a secret,
nor the text of a driver's error.
"""

__all__ = [
    "AegisError",
    "AnswerLost",
    "BackendRefused",
    "BackendUnavailable",
    "Final",
    "InvalidRequest",
    "NoticeUndelivered",
    "OrdersMisfit",
    "OrdersUnreachable",
    "Passing",
    "StateMisfit",
    "StateUnavailable",
]


class AegisError(Exception):
    """The base of all errors that the program foresees."""

    retryable = False

    def __init__(self, code: str, message: str, remedy: str) -> None:
        """Take a code in snake case, what is wrong, and what to do about it."""
        super().__init__(code, message, remedy)
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the message and the remedy as one line."""
        return f"{self.message} {self.remedy}"


class Final(AegisError):  # noqa: N818 - a kind of error, never raised by itself
    """Trying again can't help before somebody has changed something."""


class Passing(AegisError):  # noqa: N818 - a kind of error, never raised by itself
    """Trying again later may help."""

    retryable = True


class InvalidRequest(Final):
    """The command or a setting is wrong; nothing was tried."""


class OrdersMisfit(Final):
    """The orders' database is not as the settings say, or may not be read."""


class OrdersUnreachable(Passing):
    """The orders' database can't be reached, or broke off in the middle of a read."""


class BackendRefused(Final):
    """The Backend said no for good.

    ``status`` is its HTTP status; ``attempts`` counts the POST requests made.
    """

    def __init__(
        self, code: str, message: str, remedy: str, status: int | None = None, attempts: int = 0
    ) -> None:
        """Take what every error takes, the HTTP status and the count of POST requests."""
        super().__init__(code, message, remedy)
        self.args = (code, message, remedy, status, attempts)
        self.status = status
        self.attempts = attempts


class BackendUnavailable(Passing):
    """The Backend can't be reached, or keeps failing.

    ``status`` is the last HTTP status, if an answer came; ``attempts`` counts the POST requests.
    """

    def __init__(
        self, code: str, message: str, remedy: str, status: int | None = None, attempts: int = 0
    ) -> None:
        """Take what every error takes, the HTTP status and the count of POST requests."""
        super().__init__(code, message, remedy)
        self.args = (code, message, remedy, status, attempts)
        self.status = status
        self.attempts = attempts


class AnswerLost(BackendUnavailable):
    """A report was sent, no answer could be read, and what became of it is unknown."""


class StateMisfit(Final):
    """The state database is damaged, is none at all, or is newer than the program knows."""


class StateUnavailable(Passing):
    """The state database is locked, full, in use by another process, or can't be reached."""


class NoticeUndelivered(Passing):
    """A notice did not reach its receiver."""
