"""What a run of a defined job carries with it, settled when it was started."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from aegis_batch.domain.retrying import RetryPolicy

__all__ = ["Priority", "Task"]

_FIRST_WAIT_SECONDS = 60
_WAIT_SECONDS_MAX = 3_600


class Priority(StrEnum):
    """How urgent a job is (``spec/2``)."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """Its place among those that wait: the smaller goes first."""
        return _RANKS[self]


_RANKS = {Priority.CRITICAL: 1, Priority.HIGH: 2, Priority.NORMAL: 3, Priority.LOW: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The limits of a run, and what it was started with; later edits of its job change neither.

    ``arguments`` is JSON text of an object: an event, or the range to be rebuilt. ``job_name`` is
    what people call it.
    """

    job_name: str
    priority: Priority = Priority.NORMAL
    attempts_max: int = 4
    timeout_seconds: int = 1800
    immediate_retry: bool = False
    arguments: str = "{}"

    @property
    def retry_policy(self) -> RetryPolicy:
        """Its waits: a minute, doubled each time up to an hour; at once first, where it says so."""
        seconds = [_FIRST_WAIT_SECONDS * 2**place for place in range(self.attempts_max - 1)]
        if self.immediate_retry:
            seconds = [0, *seconds][: self.attempts_max - 1]
        waits = tuple(timedelta(seconds=min(each, _WAIT_SECONDS_MAX)) for each in seconds)
        return RetryPolicy(waits, repeats_last=False)
