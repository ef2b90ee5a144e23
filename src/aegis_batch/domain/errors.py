"""Everything that can go wrong, as one tree.

::

    AegisError
    ├── Final                      trying again can't help
    │   ├── InvalidRequest         the command or a setting is wrong; nothing was tried
    │   ├── OrdersMisfit           the orders' database is not as the settings say
    │   ├── BackendRefused         the Backend said no for good
    │   ├── ServiceRefused         a service that a job calls said no, or may not be called
    │   └── StateMisfit            the state database is damaged, or newer than the program
    └── Passing                    trying again later may help
        ├── OrdersUnreachable      the orders' database can't be reached, or broke off
        │   └── OrdersResting      it was not asked, and is not before a moment
        ├── BackendUnavailable     the Backend can't be reached, or keeps failing
        │   ├── AnswerLost         a report was sent and what became of it is unknown
        │   └── BackendResting     it was not asked, and is not before a moment
        ├── ServiceUnavailable     a service that a job calls can't be reached, or keeps failing
        ├── InOtherHands           another process is at the same close, so nothing was read
        ├── InboxUnreadable        the table of events can't be read
        ├── LeaseLost              others may be at the same work, so nothing was sent
        ├── StateUnavailable       the state database is locked, full, in use or away
        ├── VaultUnavailable       the vault of secrets can't be reached, or keeps failing
        └── NoticeUndelivered      a notice did not reach its receiver
            └── NoticesResting     it was not sent, and is not before a moment

Every error carries a code for programs, a message and a remedy for people. None carries a secret,
nor the text of a driver's error.
"""

from datetime import datetime

__all__ = [
    "AegisError",
    "AnswerLost",
    "BackendRefused",
    "BackendResting",
    "BackendUnavailable",
    "Final",
    "InOtherHands",
    "InboxUnreadable",
    "InvalidRequest",
    "LeaseLost",
    "NoticeUndelivered",
    "NoticesResting",
    "OrdersMisfit",
    "OrdersResting",
    "OrdersUnreachable",
    "Passing",
    "ServiceRefused",
    "ServiceUnavailable",
    "StateMisfit",
    "StateUnavailable",
    "VaultUnavailable",
]


class AegisError(Exception):
    """The base of all errors that the program foresees.

    Where ``not_before`` is set, nothing was asked and nothing sent: it is no failed attempt, and
    the same one may be made from that instant on.
    """

    retryable = False
    not_before: datetime | None = None

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


class BackendResting(BackendUnavailable):
    """The Backend is left alone until ``not_before``, and was not asked."""

    def __init__(self, code: str, message: str, remedy: str, not_before: datetime) -> None:
        """Take what every error takes, and from when on it may be asked."""
        super().__init__(code, message, remedy)
        self.args = (code, message, remedy, not_before)
        self.not_before = not_before


class OrdersResting(OrdersUnreachable):
    """The orders' database is left alone until ``not_before``, and was not asked."""

    def __init__(self, code: str, message: str, remedy: str, not_before: datetime) -> None:
        """Take what every error takes, and from when on it may be asked."""
        super().__init__(code, message, remedy)
        self.args = (code, message, remedy, not_before)
        self.not_before = not_before


class LeaseLost(Passing):
    """This process may count as dead, and others be at the same work: nothing was sent."""


class InOtherHands(Passing):
    """Another process is at the same close: nothing was read, and nothing sent."""


class ServiceRefused(Final):
    """A service that a job calls said no for good, or may not be called at all."""


class ServiceUnavailable(Passing):
    """A service that a job calls can't be reached, or keeps failing."""


class InboxUnreadable(Passing):
    """The table of events can't be read now."""


class StateMisfit(Final):
    """The state database is damaged, is none at all, or is newer than the program knows."""


class StateUnavailable(Passing):
    """The state database is locked, full, in use by another process, or can't be reached."""


class VaultUnavailable(Passing):
    """The vault of secrets can't be reached, or keeps failing; nothing else was tried."""


class NoticeUndelivered(Passing):
    """A notice did not reach its receiver."""


class NoticesResting(NoticeUndelivered):
    """The receiver is left alone until ``not_before``, and nothing was sent."""

    def __init__(self, code: str, message: str, remedy: str, not_before: datetime) -> None:
        """Take what every error takes, and from when on it may be asked."""
        super().__init__(code, message, remedy)
        self.args = (code, message, remedy, not_before)
        self.not_before = not_before
