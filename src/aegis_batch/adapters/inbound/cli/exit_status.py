"""The exit statuses of the command line; the table in the README says the same."""

from enum import IntEnum

from aegis_batch.domain.errors import AegisError, StateMisfit, StateUnavailable
from aegis_batch.domain.outcome import Outcome

__all__ = ["ExitStatus", "status_of", "status_of_error"]


class ExitStatus(IntEnum):
    """What the shell is told."""

    OK = 0
    FOUND = 1
    INVALID = 2
    REJECTED = 3
    REFUSED = 4
    UNAVAILABLE = 5
    UNREADABLE = 6
    STATE_UNAVAILABLE = 7
    IN_PART = 8
    DEFECT = 70
    HUNG_UP = 129
    INTERRUPTED = 130
    READER_GONE = 141
    TERMINATED = 143


_STATUS_OF = {
    Outcome.CREATED: ExitStatus.OK,
    Outcome.ALREADY_CLOSED: ExitStatus.OK,
    Outcome.DRY_RUN: ExitStatus.OK,
    Outcome.REJECTED: ExitStatus.REJECTED,
    Outcome.REFUSED: ExitStatus.REFUSED,
    Outcome.CONFLICT: ExitStatus.REFUSED,
    Outcome.UNAVAILABLE: ExitStatus.UNAVAILABLE,
    Outcome.UNREADABLE: ExitStatus.UNREADABLE,
    Outcome.INVALID: ExitStatus.INVALID,
    Outcome.DEFECT: ExitStatus.DEFECT,
}


def status_of(outcome: Outcome) -> ExitStatus:
    """Return the exit status of an outcome."""
    return _STATUS_OF[outcome]


def status_of_error(error: AegisError) -> ExitStatus:
    """Return the exit status of a command that met a foreseen error."""
    if isinstance(error, StateUnavailable | StateMisfit):
        return ExitStatus.STATE_UNAVAILABLE
    return status_of(Outcome.of(error))
