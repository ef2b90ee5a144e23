"""What happened to the processes that carry out work."""

from dataclasses import dataclass
from typing import ClassVar

from aegis_batch.domain.events import Event

__all__ = ["ExecutorTakenOver"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorTakenOver(Event):
    """An executor was silent for too long, and others do its work; ``works`` counts the pieces."""

    name: ClassVar[str] = "executor.taken_over"
    executor: str
    taken_over_by: str
    works: int
