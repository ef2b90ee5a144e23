"""Who closes what, and the life of a run: its states and the moves between them.

``MOVES`` is the one table of legal moves; the diagram in ``docs/operations.md`` is drawn from it.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from aegis_batch.domain.calendar import Period

__all__ = ["MOVES", "CloseKey", "JobKind", "Move", "Run", "RunState", "Trigger"]


@dataclass(frozen=True, slots=True)
class CloseKey:
    """What a close is known by: the shop and the period, never the moment of its start."""

    tenant: str
    period: Period


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt to close one period of one tenant.

    ``trace_id`` is 32 hexadecimal digits, as W3C Trace Context writes them. ``cause`` is the id of
    the run or the range that has had it made, such as the night's; ``None`` where nothing but a
    person or a schedule has.
    """

    id: str
    trace_id: str
    key: CloseKey
    cause: str | None = field(default=None, compare=False)

    @property
    def correlation_id(self) -> str:
        """What all runs of one cause have in common: its id, or the run's own where it is one."""
        return self.cause or self.id


class JobKind(StrEnum):
    """What a run does."""

    CLOSE = "close"
    REBUILD = "rebuild"
    NIGHT = "night"
    DEADLINE = "deadline"
    SWEEP = "sweep"
    RETENTION = "retention"
    COMPLETENESS = "completeness"
    HTTP = "http"
    VERIFY = "verify"
    REBUILD_RANGE = "rebuild_range"

    @property
    def is_of_a_period(self) -> bool:
        """Whether the run's key names what it closes, and not just the day that it looks from."""
        return self in (JobKind.CLOSE, JobKind.REBUILD)

    @property
    def is_a_task(self) -> bool:
        """Whether only defined jobs, and requests from outside, start such runs."""
        return self in (JobKind.HTTP, JobKind.VERIFY, JobKind.REBUILD_RANGE)


class Trigger(StrEnum):
    """What a run came from."""

    SCHEDULE = "schedule"
    NIGHT = "night"
    HAND = "hand"
    REPLAY = "replay"
    BACKFILL = "backfill"
    EVENT = "event"


class RunState(StrEnum):
    """Where a run stands."""

    HELD = "held"
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether no move leads out of this state."""
        return self not in _ORIGINS

    def may_become(self, target: "RunState") -> bool:
        """Say whether the table has a move from this state to another."""
        return (self, target) in _LEGAL


@dataclass(frozen=True, slots=True)
class Move:
    """A legal move: who makes it, and when."""

    origin: RunState
    target: RunState
    by: str
    when: str


_CANCELLED = "a later firing cancels the others; or a person cancels it, or its backfill"
_QUEUED_AGAIN = "its process stopped, or handed it back; or a provider that it needs rests"

MOVES = (
    Move(RunState.HELD, RunState.QUEUED, "worker", "the run before it has ended"),
    Move(RunState.HELD, RunState.CANCELLED, "scheduler, person", _CANCELLED),
    Move(RunState.QUEUED, RunState.RUNNING, "worker", "its turn comes"),
    Move(RunState.QUEUED, RunState.CANCELLED, "scheduler, person", _CANCELLED),
    Move(RunState.QUEUED, RunState.FAILED, "reconciler", "the engine lost it, again and again"),
    Move(RunState.RUNNING, RunState.SUCCEEDED, "worker", "the job is done, and confirmed"),
    Move(RunState.RUNNING, RunState.WAITING, "worker", "what failed may pass: tried again later"),
    Move(RunState.RUNNING, RunState.FAILED, "worker", "it failed for good: a dead letter"),
    Move(RunState.RUNNING, RunState.QUEUED, "worker, reconciler", _QUEUED_AGAIN),
    Move(
        RunState.RUNNING,
        RunState.CANCELLED,
        "worker",
        "it was cancelled while it ran; or a job failed that it depends on",
    ),
    Move(RunState.WAITING, RunState.RUNNING, "worker", "the wait is over"),
    Move(RunState.WAITING, RunState.CANCELLED, "scheduler, person", _CANCELLED),
    Move(RunState.WAITING, RunState.FAILED, "reconciler", "the engine lost it, again and again"),
)

_LEGAL = frozenset((move.origin, move.target) for move in MOVES)
_ORIGINS = frozenset(move.origin for move in MOVES)
