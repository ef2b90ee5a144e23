"""When the library looks into its queues: in between, too, as soon as work has ended here.

It would look at fixed times alone. So each place for a shard would stay empty for half an interval
after each shard, and what a night dispatches would wait as long as that. Since looks may follow one
another closely, what one has taken counts in the next, though its thread may not have begun it yet.
"""

import threading
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from dbos import _queue
from dbos._core import (
    ActiveWorkflowById,
    ActiveWorkflowEntry,
    QueueBucket,
    WorkflowHandleFuture,
    execute_dequeued_workflow,
)

from aegis_batch.application.ports.work_queue import JOBS

if TYPE_CHECKING:
    from dbos import DBOS, WorkflowHandle
    from dbos._sys_db import WorkflowStatusInternal

__all__ = ["Ends", "look_after_ends", "wake_all"]

# So that many small pieces of work are not looked for one by one.
_BETWEEN_LOOKS_SECONDS = 0.05
_TAKE = _queue.queue_worker_thread


class Ends:
    """Counts the ends of work by queue, for whoever waits for the next."""

    def __init__(self) -> None:
        """Start with none."""
        self._counts: Counter[str | None] = Counter()
        self._told = threading.Condition()

    def count(self, queue: str) -> int:
        """Return how many ends there were that may have left a queue something to take."""
        return self._counts[queue] + self._counts[JOBS.name] + self._counts[None]

    def tell(self, queue: str | None) -> None:
        """Tell of the end of work from a queue; ``None`` wakes everybody."""
        with self._told:
            self._counts[queue] += 1
            self._told.notify_all()

    def wait(self, queue: str, seen: int, seconds: float) -> None:
        """Wait for an end beyond those that were seen, and no longer than so many seconds."""
        with self._told:
            self._told.wait_for(lambda: self.count(queue) != seen, seconds)


class _Active(ActiveWorkflowById):
    """What is under way here, from when it is taken; tells of each end after it is written down."""

    def __init__(self, ends: Ends) -> None:
        super().__init__()
        self.ends = ends
        # What was taken and has not begun yet, with its queue.
        self._taken: dict[str, str | None] = {}

    def take(self, key: str, queue: str | None) -> None:
        """Count work as under way that a thread is about to begin."""
        with self._lock:
            self._taken[key] = queue

    def drop(self, key: str) -> None:
        """Count work no more that was taken: it has begun, or never will."""
        with self._lock:
            self._taken.pop(key, None)

    def add(
        self, key: str, queue_name: str | None = None, queue_partition_key: str | None = None
    ) -> ActiveWorkflowEntry:
        entry = super().add(key, queue_name, queue_partition_key)
        self.drop(key)
        return entry

    def count_for_queue(self, queue_name: str) -> int:
        begun = super().count_for_queue(queue_name)
        with self._lock:
            return begun + sum(queue == queue_name for queue in self._taken.values())

    def _remove(self, key: str, bucket: QueueBucket) -> None:
        super()._remove(key, bucket)
        if bucket is not None:
            self.ends.tell(bucket[0])


class _UntilNextLook(threading.Event):
    """What a thread that takes work waits on: to be stopped, or to look again."""

    def __init__(self, stop: threading.Event, ends: Ends, queue: str) -> None:
        super().__init__()
        self._stop = stop
        self._ends = ends
        self._queue = queue
        self._seen = ends.count(queue)
        self._looked_seconds = time.monotonic()

    def is_set(self) -> bool:
        return self._stop.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None  # noqa: S101 - the library always names one
        self._ends.wait(self._queue, self._seen, timeout)
        too_early = self._looked_seconds + _BETWEEN_LOOKS_SECONDS - time.monotonic()
        is_stopped = self._stop.wait(max(too_early, 0.0))
        self._seen = self._ends.count(self._queue)
        self._looked_seconds = time.monotonic()
        return is_stopped


def look_after_ends(library: "DBOS") -> None:
    """Have queues looked into as soon as work has ended here; before the library is launched."""
    ends = Ends()
    library._active_workflows_set = _Active(ends)  # noqa: SLF001 - as in inside.py
    _queue.queue_worker_thread = partial(_take, ends)
    _queue.execute_dequeued_workflow = _begin  # type: ignore[attr-defined,assignment]


def wake_all(library: "DBOS") -> None:
    """Wake whoever waits for the next look, since it was told to stop."""
    active = library._active_workflows_set  # noqa: SLF001 - as in inside.py
    if isinstance(active, _Active):
        active.ends.tell(None)


def _take(ends: Ends, stop: threading.Event, library: "DBOS", queue: _queue.Queue) -> None:
    _TAKE(_UntilNextLook(stop, ends, queue.name), library, queue)


def _begin(
    library: "DBOS", status: "WorkflowStatusInternal", owner_xid: str
) -> "WorkflowHandle[Any]":
    active, work_id = library._active_workflows_set, status["workflow_uuid"]  # noqa: SLF001 - as in inside.py
    assert isinstance(active, _Active)  # noqa: S101 - it was set where this was
    active.take(work_id, status["queue_name"])
    handle = None
    try:
        handle = execute_dequeued_workflow(library, status, owner_xid)
    finally:
        if isinstance(handle, WorkflowHandleFuture):
            handle.future.add_done_callback(lambda _: active.drop(work_id))
        else:
            active.drop(work_id)
    return handle
