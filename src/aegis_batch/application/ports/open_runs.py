"""The port for how many runs have not ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.task import Priority

__all__ = ["OpenCount", "OpenRuns"]


@dataclass(frozen=True, slots=True)
class OpenCount:
    """How many runs of a kind are in a state; ``priority`` is that of their task, if any."""

    job: JobKind
    state: RunState
    priority: Priority | None
    count: int


class OpenRuns(Protocol):
    """Counts runs that have not ended, within a turn, without reading them."""

    def counts(self, *, tenant: str | None = None) -> Sequence[OpenCount]:
        """Return the counts, of those that there are, in any order.

        Of the runs of one tenant, where one is named.
        """
        ...
