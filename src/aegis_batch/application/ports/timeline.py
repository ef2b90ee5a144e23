"""The port for the history of single runs."""

from collections.abc import Sequence
from typing import Protocol

from aegis_batch.domain.run_record import TimelineEntry

__all__ = ["Timeline"]


class Timeline(Protocol):
    """Keeps what happened to runs, within a turn; of each run the last 200 entries."""

    def add(self, entries: Sequence[TimelineEntry]) -> None:
        """Keep entries behind those that their runs have; the oldest give way."""
        ...

    def of(self, run_id: str) -> Sequence[TimelineEntry]:
        """Return the entries of a run, in the order in which they were added."""
        ...
